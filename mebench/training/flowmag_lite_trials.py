"""Test frames of the small magnifier: micro motion of known size, and the exactly rendered magnified answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.datasets.synme.domains import BENCHMARK_DOMAINS
from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.identity import SPLIT_SIZES, identity
from mebench.datasets.synme.plan import draw_still
from mebench.datasets.synme.studio import State, Studio, recording
from mebench.datasets.synme.timing import DRIFT_DEVIATION
from mebench.motion.flow import Flow
from mebench.motion.region import FaceRegion, face_region
from mebench.training.flowmag_lite_data import RENDERED, draw_expression

FACTORS = (4.0, 8.0)
AMPLITUDES = (0.5, 1.0)
"""px: 99.8th percentile of the length of the expression field over the face."""

LARGEST_INTENSITY = 1.5
"""Of a magnified action unit; beyond it linear shapes are no longer faces."""

HEAD_SPREAD = 1.2
"""Deviation of the head's pose difference, in that of the domain's drift."""

_FACE_PERCENTILE = 99.8


@dataclass(frozen=True)
class Condition:
    """noise: sensor noise and JPEG on the inputs. head: head motion. expression: False for false alarms."""

    noise: bool = True
    head: bool = True
    expression: bool = True


@dataclass(frozen=True, eq=False)
class Trial:
    """One frame to magnify. reference, frame: uint8 ``[S,S,3]``. target: the answer, clean.

    expression, head: exact fields ``[S,S,2]`` px on the grid of the reference, 0 where unknown. face: skin of the face;
    known: where the fields hold, both bool ``[S,S]``. region: the face as found by landmarks, for the methods.
    """

    domain: str
    factor: float
    amplitude: float
    reference: Pixels
    frame: Pixels
    target: Pixels
    expression: Flow
    head: Flow
    face: NDArray[np.bool_]
    known: NDArray[np.bool_]
    region: FaceRegion


CONDITIONS = {
    "Sensor noise and JPEG, head motion": Condition(),
    "Sensor noise and JPEG, no head motion": Condition(head=False),
    "No noise, no head motion": Condition(noise=False, head=False),
    "No expression (false alarms); sensor noise and JPEG, head motion": Condition(expression=False),
}
"""What a magnifier is measured under."""


def trials(
    split: str,
    condition: Condition,
    draws: int,
    identities: int | None = None,
    domains: Sequence[str] = BENCHMARK_DOMAINS,
) -> Iterator[Trial]:
    """Every combination of domain, identity (all of the split, or the first ``identities``), expression draw, factor
    and amplitude. Without expression: factor 8 alone."""
    for domain in domains:
        for index in range(SPLIT_SIZES[split] if identities is None else identities):
            someone = identity(domain, split, index)
            studio = Studio(someone, recording(someone), RENDERED)
            for number in range(draws):
                yield from _of_draw(studio, domain, Draws("magnifier trial", domain, split, index, number), condition)


def _of_draw(studio: Studio, domain: str, draws: Draws, condition: Condition) -> Iterator[Trial]:
    neutral = State.neutral(draw_still((*draws.key, "still")))
    au = draw_expression(draws, 1.0)
    drift = draws.normals(6) * DRIFT_DEVIATION * HEAD_SPREAD * studio.capture.head
    pose = (neutral.pose + drift * condition.head).astype(np.float32)
    seen = studio.look(neutral)
    face = studio.face(seen)
    reference = studio.frame(neutral, draws.word() if condition.noise else None)
    region = face_region(reference)
    size = _size(studio, neutral, au, face)
    for amplitude in AMPLITUDES if condition.expression else (0.0,):
        scaled = (au * amplitude / size).astype(np.float32)
        moved, still_face = (replace(neutral, au=units, pose=pose) for units in (scaled, np.zeros_like(scaled)))
        whole, head = studio.flow(seen, moved), studio.flow(seen, still_face)
        frame = studio.frame(moved, draws.word() if condition.noise else None)
        for factor in FACTORS if condition.expression else FACTORS[-1:]:
            if factor * float(scaled.max()) <= LARGEST_INTENSITY:
                yield Trial(
                    domain=domain,
                    factor=factor,
                    amplitude=amplitude,
                    reference=reference,
                    frame=frame,
                    target=studio.frame(replace(moved, au=(scaled * np.float32(factor)).astype(np.float32))),
                    expression=np.nan_to_num(whole.displacement - head.displacement),
                    head=np.nan_to_num(head.displacement),
                    face=face,
                    known=face & whole.valid & head.valid,
                    region=region,
                )


def _size(studio: Studio, neutral: State, au: NDArray[np.float64], face: NDArray[np.bool_]) -> float:
    field = studio.flow(studio.look(neutral), replace(neutral, au=au.astype(np.float32))).displacement
    return float(np.percentile(np.hypot(*np.nan_to_num(field[face]).T), _FACE_PERCENTILE))
