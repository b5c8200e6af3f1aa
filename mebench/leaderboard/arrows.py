"""What stands in the place of pictures in a submission of licensed faces: ``motion.json``, numbers that the site draws itself.

For the driving clip and the output of a few tasks it holds the displacement at the apex in the 104 cells of
:mod:`mebench.datasets.nobody`, and how much of it there is at each frame. The site draws arrows from them, on the outline
of no one in particular. So a submission of licensed faces holds no picture file at all, and the numbers of one panel are
fewer than the pixels of a picture of 15 x 15.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.contract import Dataset
from mebench.datasets.nobody import CELLS
from mebench.datasets.publication import coarse_motion
from mebench.errors import ConfigError
from mebench.leaderboard.previews import chosen
from mebench.leaderboard.schema import MOST_MOMENTS, SCHEMA_VERSION, MotionClip
from mebench.protocol import Task, load_protocol
from mebench.runs.page.records import Records
from mebench.runs.schema import CurvesRecord, TaskRecord

STEPS = 50
"""Steps of an arrow in a pixel: the flow behind it is wrong by 0.07 px in the mean."""

FARTHEST = 0.25
"""Longest arrow, as a share of the picture's side: no mouth opens further."""

_NOTHING = 1.0 / STEPS


def motions(records: Records) -> bytes | None:
    """``motion.json`` of a run; None where there is no clip to show. :class:`ConfigError` when the datasets are not on this
    machine."""
    from mebench.runs.plan import load_datasets

    try:
        datasets = load_datasets(load_protocol(records.run["protocol"]["name"]))
        clips = [_clip(records, row, datasets) for row in chosen(records.tasks)]
    except ConfigError as error:
        raise ConfigError(f"{error} (--films 0 submits the numbers alone)") from error
    found = [clip for clip in clips if clip is not None]
    if not found:
        return None
    return (json.dumps({"schema_version": SCHEMA_VERSION, "clips": found}, separators=(",", ":")) + "\n").encode()


def _clip(records: Records, row: TaskRecord, datasets: Mapping[str, Dataset]) -> dict[str, Any] | None:
    """A :class:`~mebench.leaderboard.schema.MotionClip` as JSON; None for a clip that is too long."""
    from mebench.runs.inputs import TaskInputs
    from mebench.runs.page.magnified import expression
    from mebench.runs.page.pictures import face_region
    from mebench.runs.store import RunStore

    task, clip = Task.from_record(dict(row["task"])), row["clip"]
    assert clip is not None  # chosen() leaves failed clips out
    if len(task.frames) > MOST_MOMENTS:
        return None
    missing = [name for name in (task.dataset, task.from_dataset) if name not in datasets]
    if missing:
        raise ConfigError(
            f"the dataset '{missing[0]}' is not on this machine; add it with: mebench data add {missing[0]} PATH"
        )
    inputs = TaskInputs(task, datasets[task.dataset], datasets[task.from_dataset])
    sample = inputs.sample(RunStore(records.folder).read_clip(clip))
    face = face_region(sample)
    moved = {"driving": sample.driving, "output": sample.output}
    panels = [
        {"role": role, **arrows(expression(frames, task.onset, face), task.onset, task.apex, frames.shape[1])}
        for role, frames in moved.items()
    ]
    kept = ("fps", "size", "onset", "apex", "offset")
    about = {"task": task.key, "frames": len(task.frames), **{name: getattr(task, name) for name in kept}}
    return {**about, "panels": panels, "curves": _curves(row["curves"])}


def arrows(motion: NDArray[np.float32], onset: int, apex: int, side: int) -> dict[str, Any]:
    """``motion``: displacement since the onset, float32 ``[T,h,w,2]`` in pixels of a picture ``side`` wide. arrows: of
    each cell at the apex, in ``1 / STEPS`` pixels. course: how much of them there is at each frame, in hundredths: the
    projection of that frame's cells on those of the apex."""
    rows, columns = (np.array(axis) for axis in zip(*CELLS, strict=True))
    cells = np.stack([coarse_motion(field)[rows, columns] for field in motion]).reshape(len(motion), -1)
    most = FARTHEST * side
    field = np.clip(cells[apex], -most, most)
    power = float(field @ field)
    if apex == onset or np.abs(field).max() < _NOTHING:
        return {"arrows": [[0, 0]] * len(CELLS), "course": [0] * len(motion)}
    course = np.clip(np.rint(100.0 * (cells @ field) / power), -200, 200).astype(int)
    course[onset], course[apex] = 0, 100
    steps = np.rint(STEPS * field).astype(int).reshape(-1, 2)
    return {"arrows": steps.tolist(), "course": course.tolist()}


def _curves(curves: CurvesRecord | None) -> dict[str, Any] | None:
    if curves is None:
        return None

    def hundredths(values: Sequence[float | None]) -> list[int | None]:
        return [None if v is None else int(np.clip(round(100 * v), -10_000, 10_000)) for v in values]

    both = {name: hundredths(curves[name]) for name in ("reference", "output")}
    return {"peak_px": round(curves["peak_px"], 2), **both}


def faults(clips: Sequence[MotionClip], rows: Sequence[TaskRecord]) -> list[str]:
    """What no packer of :func:`motions` writes, beyond what the types of ``motion.json`` refuse."""
    expected = [row["task"]["key"] for row in chosen(rows)]
    found = []
    if [clip.task for clip in clips] != [key for key in expected if key in {clip.task for clip in clips}]:
        found.append("shows other clips than the first of each kind in the list of tasks")
    for clip in clips:
        if [panel.role for panel in clip.panels] != ["driving", "output"]:
            found.append(f"{clip.task}: must have the panels driving and output")
        if clip.curves and not len(clip.curves.reference) == len(clip.curves.output) == clip.frames:
            found.append(f"{clip.task}: the curves must have one number a frame")
        for panel in clip.panels:
            if (wrong := _wrong(clip, panel.arrows, panel.course)) is not None:
                found.append(f"{clip.task}, {panel.role}: {wrong}")
    return found


def _wrong(clip: MotionClip, field: Sequence[tuple[int, int]], course: Sequence[int]) -> str | None:
    if not clip.onset <= clip.apex <= clip.offset < clip.frames or len(course) != clip.frames:
        return "the frames, the course and the marks do not fit together"
    longest = max(max(abs(x), abs(y)) for x, y in field)
    if longest > round(FARTHEST * STEPS * clip.size):
        return "an arrow is longer than a quarter of the picture"
    still = longest == 0 or not any(course)
    if still and (longest or any(course)):
        return "motion without a course, or a course without motion"
    if course[clip.onset] != 0 or (not still and course[clip.apex] != 100):
        return "there is motion at the onset, or not all of it at the apex"
    return None
