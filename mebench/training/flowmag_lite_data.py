"""Training pairs of the small magnifier: a neutral frame, the same face later, and exactly what the truth looks like.

Only the training domain ``t`` of the open set is used: people, lights, cameras and noise that no benchmark domain has.
Each pair holds the two noisy frames, the measured flow, the exact expression and head fields, and the clean picture in
which the action units are multiplied while head, gaze, blink and exposure stay those of the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.expression import BLINK, COUNT, FACIAL_UNITS, PEAK_PX
from mebench.datasets.synme.identity import identity
from mebench.datasets.synme.plan import PROTOTYPES, draw_still
from mebench.datasets.synme.studio import State, Studio, recording
from mebench.datasets.synme.timing import DRIFT_DEVIATION
from mebench.files import write_whole
from mebench.home import home
from mebench.motion.align import fit_affine
from mebench.motion.flow import DisFine
from mebench.motion.region import FaceRegion, region_from_points

RENDERED = 256
CROP = 208
"""Side of what is kept of a frame: the head; training crops come from it."""

LARGEST_INTENSITY = 1.3
"""Of a magnified action unit: beyond it linear shapes are no longer faces."""

KINDS = {"micro": 0.74, "ordinary": 0.18, "none": 0.08}
"""Shares of the pairs: the task, large motion at a factor near or below 1, and no expression (false alarms)."""

OFF_HEAD, ON_HEAD, ON_FACE = 0, 1, 2

PAIR = np.dtype(
    [
        ("reference", "u1", (CROP, CROP, 3)),
        ("frame", "u1", (CROP, CROP, 3)),
        ("target", "u1", (CROP, CROP, 3)),
        ("flow", "<f2", (CROP, CROP, 2)),
        ("expression", "<f2", (CROP, CROP, 2)),
        ("head", "<f2", (CROP, CROP, 2)),
        ("place", "u1", (CROP, CROP)),
        ("affine", "<f4", (2, 3)),
        ("factor", "<f4"),
    ]
)
"""One pair. reference, frame: as delivered. target: clean. flow: measured (px). expression, head: exact (px). place:
off the head, on it, on the face. affine: the head motion fitted to ``flow``, in coordinates of the crop."""


@dataclass(frozen=True)
class Moment:
    """What a pair shows: the neutral state, the state to magnify, and the factor."""

    neutral: State
    moved: State
    factor: float

    @property
    def still_face(self) -> State:
        """The moved state without expression: its head, gaze and blink."""
        return replace(self.moved, au=np.zeros_like(self.moved.au))

    @property
    def magnified(self) -> State:
        """The moved state with its action units multiplied."""
        return replace(self.moved, au=(self.moved.au * np.float32(self.factor)).astype(np.float32))


def draw_moment(draws: Draws) -> Moment:
    """A random pair of states and a factor."""
    still = draw_still((*draws.key, "still"))
    neutral = State.neutral(still)
    kind = draws.choice(tuple(KINDS), tuple(KINDS.values()))
    au = draw_expression(draws, _amplitude(draws, kind))
    factor = 2.0 ** (draws.uniform(-2.0, 0.5) if kind == "ordinary" else draws.uniform(0.7, 4.0))
    strongest = float(au.max())
    if strongest > 0:
        factor = min(factor, LARGEST_INTENSITY / strongest)
    spread = 0.0 if draws.chance(0.15) else draws.uniform(0.3, 2.0)
    pose = neutral.pose + draws.normals(6) * DRIFT_DEVIATION * spread
    moved = State(
        au=au.astype(np.float32),
        blink=_draw_blink(draws),
        pose=pose.astype(np.float32),
        gaze=still.gaze,
        exposure=1.0 + draws.normal(0.0, 0.006),
    )
    return Moment(neutral, moved, factor)


def _amplitude(draws: Draws, kind: str) -> float:
    if kind == "none":
        return 0.0
    return draws.uniform(2.0, 8.0) if kind == "ordinary" else draws.log_uniform(0.2, 2.0)


def draw_expression(draws: Draws, amplitude: float) -> NDArray[np.float64]:
    """Intensities ``[26]``: 70 % published combinations, 30 % one to three units at random; 30 % one-sided.

    amplitude: peak displacement of the leading unit in pixels of a frame of 256.
    """
    if draws.chance(0.7):
        units = draws.choice(PROTOTYPES)
    else:
        units = tuple({draws.choice(FACIAL_UNITS) for _ in range(draws.integer(1, 3))})
    one_sided, left_leads = draws.chance(0.3), draws.chance(0.5)
    au = np.zeros(COUNT)
    for unit in units:
        pixels = amplitude * draws.uniform(0.5, 1.0) if len(units) > 1 else amplitude
        for side in range(2):
            leads = (side == 0) == left_leads
            share = 1.0 if leads else draws.uniform(0.0, 0.15) if one_sided else draws.uniform(0.8, 1.0)
            au[2 * FACIAL_UNITS.index(unit) + side] = min(share * pixels / PEAK_PX[unit], LARGEST_INTENSITY)
    return au


def _draw_blink(draws: Draws) -> NDArray[np.float32]:
    # Lids that close belong to the head's field: a blink is not magnified.
    closing = draws.uniform(0.05, 1.0) if draws.chance(0.12) else 0.0
    return np.full(BLINK.stop - BLINK.start, closing, dtype=np.float32)


def rough_region(landmarks: NDArray[np.float32], draws: Draws) -> FaceRegion:
    """A face mask as a detector would give it: the hull of 68 points with the forehead, shifted and scaled a little."""
    eyes = landmarks[36:42].mean(axis=0), landmarks[42:48].mean(axis=0)
    apart = float(np.hypot(*(eyes[1] - eyes[0])))
    up = (eyes[0] + eyes[1]) / 2 - landmarks[48:68].mean(axis=0)
    lifted = landmarks[17:27] + 0.6 * apart * up / np.hypot(*up)
    outline = np.concatenate((landmarks, lifted))
    centre = outline.mean(axis=0)
    outline = centre + (outline - centre) * draws.uniform(0.92, 1.06) + draws.normals(2) * 0.04 * apart
    return region_from_points(outline.astype(np.float32), eyes, (RENDERED, RENDERED))


def make_pair(studio: Studio, moment: Moment, draws: Draws) -> Any:
    """Render one pair: a scalar of type :data:`PAIR`."""
    reference = studio.frame(moment.neutral, draws.word())
    frame = studio.frame(moment.moved, draws.word())
    seen, still_face = studio.look(moment.neutral), studio.look(moment.still_face)
    head = studio.flow(seen, still_face)
    whole = studio.flow(seen, moment.moved)
    region = rough_region(studio.landmarks(moment.neutral), draws)
    flow = DisFine()(reference, frame)
    place = np.full((RENDERED, RENDERED), OFF_HEAD, dtype=np.uint8)
    place[np.isfinite(head.displacement).all(axis=-1)] = ON_HEAD
    place[(place == ON_HEAD) & region.mask & head.valid & whole.valid] = ON_FACE
    made = np.zeros(1, dtype=PAIR)
    pair = made[0]
    pair["reference"], pair["frame"] = _cut(reference), _cut(frame)
    pair["target"] = _cut(studio.frame(moment.magnified))
    pair["flow"] = _cut(flow)
    pair["head"] = _cut(np.nan_to_num(head.displacement))
    pair["expression"] = _cut(np.nan_to_num(whole.displacement - head.displacement))
    pair["place"] = _cut(place)
    matrix = fit_affine(flow, region.mask).matrix.copy()
    matrix[:, 2] += matrix[:, :2].sum(axis=1) * ((RENDERED - CROP) // 2)
    pair["affine"], pair["factor"] = matrix, moment.factor
    return made[0]


def _cut(array: NDArray[np.generic]) -> NDArray[np.generic]:
    start = (RENDERED - CROP) // 2
    return array[start : start + CROP, start : start + CROP]


def person_file(folder: Path, index: int) -> Path:
    """The file with the pairs of training person ``index``."""
    return folder / f"t-train-{index:03d}.npy"


def render_person(folder: Path, index: int, pairs: int, seed: int) -> Path:
    """Render all pairs of one person of domain ``t`` (skipped when the file is there)."""
    path = person_file(folder, index)
    if path.is_file():
        return path
    cv2.setNumThreads(1)
    someone = identity("t", "train", index)
    studio = Studio(someone, recording(someone), RENDERED)
    made = np.zeros(pairs, dtype=PAIR)
    for number in range(pairs):
        draws = Draws("flowmag-lite", seed, index, number)
        made[number] = make_pair(studio, draw_moment(draws.child("moment")), draws.child("rendering"))

    def write(temporary: Path) -> None:
        with temporary.open("wb") as handle:
            np.save(handle, made, allow_pickle=False)

    write_whole(path, write)
    return path


def rendered_pairs(people: int, pairs: int, seed: int, say: Callable[[str], None]) -> list[NDArray[np.void]]:
    """The pairs of each of the first ``people`` training persons, memory-mapped arrays of type :data:`PAIR`.

    Rendered once into mebench's cache; a person whose file is there is not rendered again.
    """
    folder = home() / "training" / f"flowmag-lite-pairs-{seed}-{pairs}"
    opened = []
    for index in range(people):
        path = render_person(folder, index, pairs, seed)
        opened.append(np.load(path, mmap_mode="r", allow_pickle=False))
        say(f"rendered person {index + 1} of {people}")
    return opened
