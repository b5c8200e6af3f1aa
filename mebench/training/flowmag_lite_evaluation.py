"""Measures the small magnifier beside copying and measured flow, against exactly rendered magnified frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.magnification.compose import scaled_expression
from mebench.magnification.flowmag_lite_network import LiteNetwork, planes
from mebench.magnification.measured import Measured, field, measure
from mebench.magnification.warp import smoothed
from mebench.motion.flow import Flow
from mebench.motion.warp import inverse_displacement, warp
from mebench.training.flowmag_lite_trials import Trial

SMOOTHING = 3.0
_GROWN = 2


@dataclass(frozen=True)
class Score:
    """psnr: dB in the face (grown by two pixels) against the clean target. epe: mean error in px of the displacement
    over the face; epe_moving: where the expression exceeds a quarter of its peak (NaN without an expression)."""

    psnr: float
    epe: float
    epe_moving: float


Answer = tuple[torch.Tensor, Flow]
"""The magnified frame ``[1,3,S,S]`` and the error of its displacement field ``[S,S,2]``, px."""

METHODS = (
    "copy frame",
    "copy reference",
    "DIS whole, reference source",
    "DIS aligned, reference source",
    "DIS aligned s3, frame source",
    "DIS whole s3, frame source",
    "learned",
    "oracle flow, frame source",
)


def evaluate(network: LiteNetwork, cases: Iterable[Trial]) -> dict[str, dict[tuple[float, float], list[Score]]]:
    """Scores by method and (factor, amplitude).

    Copies show the floor; DIS rows are measured flow: whole, or with the affine head motion kept (aligned), smoothed by
    3 px inside the face (s3), with the pixels of the reference or of the frame; the oracle warps by the exact flow.
    For methods that move the frame the error counts the expression alone, (factor - 1) times its error.
    """
    table: dict[str, dict[tuple[float, float], list[Score]]] = {name: {} for name in METHODS}
    for case in cases:
        for name, (picture, error) in _answers(network, case).items():
            table[name].setdefault((case.factor, case.amplitude), []).append(_score(picture, error, case))
    return table


def _answers(network: LiteNetwork, case: Trial) -> dict[str, Answer]:
    reference, frame = _tensor(case.reference), _tensor(case.frame)
    measured = measure(case.reference, case.frame, case.region)
    weight, everywhere = case.region.weight, np.ones(case.face.shape, dtype=np.float32)
    extra = case.factor - 1.0
    goal = case.head + case.factor * case.expression

    def from_frame(whole: Flow, expression: Flow, shade: torch.Tensor | None = None) -> Answer:
        picture = scaled_expression(
            frame, field(whole), field(expression), torch.tensor([case.factor]), shade=shade, mode="bicubic"
        )
        return picture, extra * (expression - case.expression)

    def from_reference(displacement: Flow) -> Answer:
        backward = inverse_displacement(field(displacement))
        return warp(reference, backward, mode="bicubic"), displacement - goal

    aligned = measured.flow - measured.head
    learned = _learned(network, reference, frame, measured)
    return {
        "copy frame": (frame, -extra * case.expression),
        "copy reference": (reference, -goal),
        "DIS whole, reference source": from_reference(case.factor * measured.flow),
        "DIS aligned, reference source": from_reference(measured.head + case.factor * aligned),
        "DIS aligned s3, frame source": from_frame(measured.flow, smoothed(aligned, weight, SMOOTHING)),
        "DIS whole s3, frame source": from_frame(measured.flow, smoothed(measured.flow, everywhere, SMOOTHING)),
        "learned": from_frame(*learned),
        "oracle flow, frame source": from_frame(case.head + case.expression, case.expression),
    }


def _learned(
    network: LiteNetwork, reference: torch.Tensor, frame: torch.Tensor, measured: Measured
) -> tuple[Flow, Flow, torch.Tensor]:
    with torch.no_grad():
        found = network(planes(reference, frame, field(measured.flow), field(measured.head)))
    expression = found.expression[0].movedim(0, -1).numpy()
    return found.head[0].movedim(0, -1).numpy() + expression, expression, found.shade


def _score(picture: torch.Tensor, error: Flow, case: Trial) -> Score:
    grown = cv2.dilate(case.face.astype(np.uint8), np.ones((2 * _GROWN + 1,) * 2, np.uint8)).astype(bool)
    difference = picture.clamp(0.0, 1.0)[0].movedim(0, -1).numpy() - case.target.astype(np.float32) / 255.0
    psnr = -10.0 * np.log10(float((difference[grown] ** 2).mean()))
    length = np.hypot(error[..., 0], error[..., 1])
    motion = np.hypot(case.expression[..., 0], case.expression[..., 1])
    moving = case.known & (motion > 0.25 * float(motion[case.known].max())) & (motion > 0)
    return Score(psnr, float(length[case.known].mean()), float(length[moving].mean()) if moving.any() else float("nan"))


def _tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(image.astype(np.float32) / 255.0).movedim(-1, 0)[None]


def markdown(table: dict[str, dict[tuple[float, float], list[Score]]]) -> str:
    """The table as in the card: PSNR (dB) / EPE (px) / EPE of the moving part (px), means over frames."""
    cells = sorted({cell for scores in table.values() for cell in scores})
    heads = [f"factor {factor:g}, {amplitude:g} px" for factor, amplitude in cells]
    lines = ["| method | " + " | ".join([*heads, "mean"]) + " |", "|---" * (len(cells) + 2) + "|"]
    for name, scores in table.items():
        means = [mean_score(scores[cell]) for cell in cells]
        lines.append(f"| {name} | " + " | ".join(_cell(mean) for mean in [*means, mean_score(means)]) + " |")
    return "\n".join(lines)


def mean_score(scores: list[Score]) -> Score:
    """Mean of each number."""

    def mean(value: Callable[[Score], float]) -> float:
        return float(np.mean([value(score) for score in scores]))

    return Score(mean(lambda s: s.psnr), mean(lambda s: s.epe), mean(lambda s: s.epe_moving))


def _cell(score: Score) -> str:
    moving = "" if np.isnan(score.epe_moving) else f" / {score.epe_moving:.2f}"
    return f"{score.psnr:.1f} / {score.epe:.2f}{moving}"
