"""Measures the automatic factor: bias and spread of the measured size of an expression against the exact one.

Validation identities of the six domains; decisions are made on them, and none on benchmark identities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.datasets.synme.dataset import Synme, plan_of
from mebench.datasets.synme.identity import identity
from mebench.datasets.synme.keys import parse_clip
from mebench.datasets.synme.plan import Plan, Strength
from mebench.datasets.synme.studio import Studio, recording
from mebench.magnification.factor import expression_size, factor_for
from mebench.motion.align import fit_affine
from mebench.motion.region import FaceRegion, face_region

Condition = Literal["clean", "delivered", "recompressed"]
"""``clean``: no sensor noise, no compression. ``delivered``: as the domain's camera gives it. ``recompressed``: that,
stored once more as JPEG."""

RECOMPRESSED_QUALITY = 75
"""JPEG quality of the second compression: what video encoders reach at a moderate bit rate."""

_PERCENTILE = 95.0


@dataclass(frozen=True)
class Measured:
    """One clip under one condition. true, size: exact and measured size in inter-ocular distances. factor: the automatic
    one; ideal: the one that the exact size asks for."""

    key: str
    strength: str
    condition: str
    true: float
    size: float
    factor: float
    ideal: float


def measured(
    split: Literal["train", "validation"],
    strengths: Sequence[Strength] = ("subtle", "micro", "ordinary"),
    per_domain: int = 2,
    conditions: Sequence[Condition] = get_args(Condition),
) -> Iterator[Measured]:
    """``per_domain`` clips of each domain at each strength, of different people, under every condition."""
    dataset = Synme()
    for domain in dataset.domains:
        for index in range(per_domain):
            studio = Studio(someone := identity(domain, split, index), recording(someone))
            for strength in strengths:
                key = f"{someone.key}-0" + ("" if strength == "micro" else f"-{strength}")
                yield from _of_clip(studio, key, strength, conditions)


def _of_clip(studio: Studio, key: str, strength: Strength, conditions: Sequence[Condition]) -> Iterator[Measured]:
    plan = plan_of(parse_clip(key))
    for condition in conditions:
        frames = _ends(studio, plan, condition)
        region = face_region(_pixels(frames[plan.onset]))
        true = exact_size(studio, plan, region)
        size = expression_size(frames, plan.onset, plan.apex, region)
        yield Measured(key, strength, condition, true, size, factor_for(size), factor_for(true))


def exact_size(studio: Studio, plan: Plan, region: FaceRegion) -> float:
    """:func:`~mebench.magnification.factor.expression_size` of the exact motion of the action units."""
    still = plan.with_parts(head=False)
    seen = [studio.look(studio.state(still, frame)) for frame in (plan.onset, plan.apex)]
    flow = studio.flow(*seen).displacement
    inside = region.mask & np.isfinite(flow).all(axis=-1)
    expression = np.nan_to_num(flow) - fit_affine(np.nan_to_num(flow), inside).field(*inside.shape)
    return float(np.percentile(np.hypot(*expression[inside].T), _PERCENTILE)) / region.inter_ocular


def table(rows: Sequence[Measured]) -> str:
    """Markdown: bias and spread (median, and half of the 16 to 84 % range) of log2(measured / exact), and the factors."""
    lines = [
        "| strength | condition | clips | exact size | size: bias, spread (octaves) | factor: bias, spread | factor 1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for strength in dict.fromkeys(row.strength for row in rows):
        for condition in dict.fromkeys(row.condition for row in rows):
            group = [row for row in rows if (row.strength, row.condition) == (strength, condition)]
            size, factor = (
                np.log2([row.size / row.true for row in group]),
                np.log2([row.factor / row.ideal for row in group]),
            )
            ones = sum(row.factor == 1.0 for row in group), sum(row.ideal == 1.0 for row in group)
            lines.append(
                f"| {strength} | {condition} | {len(group)} | {np.median([row.true for row in group]):.4f} | "
                f"{_spread(size)} | {_spread(factor)} | {ones[0]} (exact: {ones[1]}) |"
            )
    return "\n".join(lines)


def _spread(values: NDArray[np.float64]) -> str:
    low, middle, high = np.percentile(values, (16, 50, 84))
    return f"{middle:+.2f}, {(high - low) / 2:.2f}"


def _ends(studio: Studio, plan: Plan, condition: Condition) -> torch.Tensor:
    """The clip with only those frames rendered that the measurement looks at; the others are black."""
    frames = torch.zeros(plan.count, 3, studio.size, studio.size)
    wanted = {*range(plan.onset - 2, plan.onset + 1), *range(plan.apex - 1, plan.apex + 2)}
    for number in sorted(wanted & set(range(plan.count))):
        noise = None if condition == "clean" else plan.noise_key + number
        image = studio.frame(studio.state(plan, number), noise)
        if condition == "recompressed":
            image = _recompressed(image)
        frames[number] = torch.from_numpy(image).movedim(-1, 0).float() / 255.0
    return frames


def _recompressed(image: Pixels) -> Pixels:
    _, code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, RECOMPRESSED_QUALITY])
    decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded a line above
    return np.ascontiguousarray(decoded[..., ::-1])


def _pixels(frame: torch.Tensor) -> Pixels:
    return (frame * 255.0).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
