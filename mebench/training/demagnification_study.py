"""Measures the demagnifiers against rendered micro-expressions, by factor, action unit and size.

A case is a face at rest, the same face with an action unit at ``factor`` times a micro-expression, and the answer: the
unit at the micro-expression itself, with the same head motion. Both are rendered without noise, as the output of a
backbone has none. Nothing here is trained, so that any split may be measured; decisions are made on validation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.datasets.synme.domains import BENCHMARK_DOMAINS
from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.expression import COUNT, FACIAL_UNITS, PEAK_PX
from mebench.datasets.synme.identity import SPLIT_SIZES, identity
from mebench.datasets.synme.plan import draw_still
from mebench.datasets.synme.studio import State, Studio, recording
from mebench.datasets.synme.timing import DRIFT_DEVIATION
from mebench.magnification.contract import Magnifier
from mebench.magnification.flow_blend import FlowBlend
from mebench.magnification.flow_frame import FlowFrame
from mebench.magnification.flow_reference import FlowReference
from mebench.magnification.flowmag_lite import load as load_learned
from mebench.motion.flow import DisFine, Flow, flows_from
from mebench.motion.region import FaceRegion, face_region

FACTORS = (2.0, 4.0, 8.0)
AMPLITUDES = (0.5, 1.0, 2.0)
"""px at 256 px: peak displacement of the micro-expression, as :data:`PEAK_PX` counts it."""

LARGEST_INTENSITY = 1.3
"""Of the magnified unit; beyond it linear shapes are no longer faces."""

FLOWS = ("dis-fine", "dis-steady")
"""Estimators that need no weights; each demagnifier that measures flow is tried with each."""

HEAD_SPREAD = 1.2
"""Deviation of the head's pose difference, in that of the domain's drift."""

MOVING = 0.25
"""Share of the answer's largest displacement above which a pixel counts as moving."""


@dataclass(frozen=True, eq=False)
class Case:
    """person: on whom. unit, factor, amplitude: what is asked. frames: float32 ``[2,3,S,S]``, the face at rest and the magnified one.
    answer: uint8 ``[S,S,3]``. expression: exact displacement of the answer ``[S,S,2]`` px. face: bool ``[S,S]``.
    region: the face as landmarks find it."""

    person: str
    unit: int
    factor: float
    amplitude: float
    frames: torch.Tensor
    answer: Pixels
    expression: Flow
    face: NDArray[np.bool_]
    region: FaceRegion


@dataclass(frozen=True)
class Row:
    """One demagnifier on one case. error: what is left of the motion between answer and result where the face moves, as
    a share of the motion of the answer: 1 is as wrong as no motion at all. psnr: dB in the face. seconds: to make it."""

    variant: str
    person: str
    unit: int
    factor: float
    amplitude: float
    error: float
    psnr: float
    seconds: float


def variants() -> dict[str, Magnifier | None]:
    """The demagnifiers by name; None shows the magnified frame as it is."""
    made: dict[str, Magnifier | None] = {"as it is": None}
    for kind in (FlowReference, FlowFrame, FlowBlend):
        made |= {f"{kind.name}, {flow}": kind(flow=flow) for flow in FLOWS}
    return {**made, "learned": load_learned()}


def cases(
    split: str,
    *,
    people: int,
    units: Sequence[int] = FACIAL_UNITS,
    factors: Sequence[float] = FACTORS,
    amplitudes: Sequence[float] = AMPLITUDES,
) -> Iterator[Case]:
    """Every unit, factor and size that stays within a face, each on ``people`` people of ``split``, domains in turn."""
    turns = cycle((domain, index) for index in range(SPLIT_SIZES[split]) for domain in BENCHMARK_DOMAINS)
    for unit in units:
        for domain, index in (next(turns) for _ in range(people)):
            someone = identity(domain, split, index)
            yield from _of_person(Studio(someone, recording(someone)), unit, factors, amplitudes)


def _of_person(studio: Studio, unit: int, factors: Sequence[float], amplitudes: Sequence[float]) -> Iterator[Case]:
    draws = Draws("demagnification", studio.person.key, unit)
    neutral = State.neutral(draw_still((*draws.key, "still")))
    drift = draws.normals(6) * DRIFT_DEVIATION * HEAD_SPREAD * studio.capture.head
    posed = replace(neutral, pose=(neutral.pose + drift).astype(np.float32))
    seen = studio.look(neutral)
    rest = studio.frame(neutral)
    face, region = studio.face(seen), face_region(rest)
    head = np.nan_to_num(studio.flow(seen, posed).displacement)
    for amplitude in amplitudes:
        small = _intensities(unit, amplitude / PEAK_PX[unit])
        micro = replace(posed, au=small)
        answer = studio.frame(micro)
        whole = studio.flow(seen, micro)
        expression = np.nan_to_num(whole.displacement) - head
        for factor in factors:
            if factor * float(small.max()) <= LARGEST_INTENSITY:
                magnified = studio.frame(replace(posed, au=_intensities(unit, factor * float(small.max()))))
                frames, seen_face = _clip(rest, magnified), face & whole.valid
                yield Case(studio.person.key, unit, factor, amplitude, frames, answer, expression, seen_face, region)


def measure(case: Case, name: str, demagnifier: Magnifier | None) -> Row:
    """Demagnify a case and compare the result with its answer."""
    started = time.perf_counter()
    made = case.frames if demagnifier is None else demagnifier.magnify(case.frames, 1.0 / case.factor, 0, case.region)
    seconds = time.perf_counter() - started
    result = (made[1] * 255.0).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    length = np.hypot(case.expression[..., 0], case.expression[..., 1])
    moving = case.face & (length > MOVING * float(length[case.face].max()))
    left = flows_from(np.stack((case.answer, result)), 0, DisFine())[1]
    error = float(np.hypot(left[..., 0], left[..., 1])[moving].mean() / length[moving].mean())
    squares = float(((result.astype(np.float32) - case.answer.astype(np.float32)) ** 2)[case.face].mean())
    psnr = 10.0 * np.log10(255.0**2 / max(squares, 1e-3))
    return Row(name, case.person, case.unit, case.factor, case.amplitude, error, psnr, seconds)


def study(
    found: Iterable[Case], chosen: dict[str, Magnifier | None], say: Callable[[str], None] | None = None
) -> list[Row]:
    """Every demagnifier on every case."""
    rows = []
    for case in found:
        rows += [measure(case, name, demagnifier) for name, demagnifier in chosen.items()]
        if say is not None:
            say(f"AU{case.unit} factor {case.factor:g} {case.amplitude:g} px")
    return rows


def table(rows: Sequence[Row], key: str) -> str:
    """Markdown: a line a demagnifier, a column a value of ``key`` (``unit``, ``factor``, ``amplitude``) and the mean;
    each cell the mean error in percent of the answer's motion and the mean PSNR in dB."""
    values = sorted({getattr(row, key) for row in rows})
    heads = [f"AU{value}" if key == "unit" else f"{key} {value:g}" for value in values]
    lines = ["| demagnifier | " + " | ".join([*heads, "all"]) + " |", "|---" * (len(heads) + 2) + "|"]
    for name in dict.fromkeys(row.variant for row in rows):
        own = [row for row in rows if row.variant == name]
        groups = [[row for row in own if getattr(row, key) == value] for value in values]
        lines.append(f"| {name} | " + " | ".join(_cell(group) for group in [*groups, own]) + " |")
    return "\n".join(lines)


def means(rows: Sequence[Row], key: str) -> dict[str, dict[float, float]]:
    """Mean error by demagnifier and value of ``key``."""
    found: dict[str, dict[float, list[float]]] = {}
    for row in rows:
        found.setdefault(row.variant, {}).setdefault(getattr(row, key), []).append(row.error)
    return {name: {value: float(np.mean(errors)) for value, errors in sorted(by.items())} for name, by in found.items()}


def _cell(group: Sequence[Row]) -> str:
    if not group:
        return "-"
    error, psnr = np.mean([row.error for row in group]), np.mean([row.psnr for row in group])
    return f"{100.0 * error:.0f} % / {psnr:.1f}"


def _intensities(unit: int, intensity: float) -> NDArray[np.float32]:
    au = np.zeros(COUNT, dtype=np.float32)
    place = 2 * FACIAL_UNITS.index(unit)
    au[place : place + 2] = intensity
    return au


def _clip(*frames: Pixels) -> torch.Tensor:
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255.0
