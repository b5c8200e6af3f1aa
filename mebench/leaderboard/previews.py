"""A few clips of a run for the player on the site, through the one door by which pictures leave."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from mebench.datasets.contract import Dataset
from mebench.leaderboard.limits import MOST_PREVIEWS
from mebench.leaderboard.schema import SCHEMA_VERSION
from mebench.runs.page.records import Records
from mebench.runs.schema import CurvesRecord, TaskRecord


def previews(records: Records, most: int = MOST_PREVIEWS) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the files below ``previews/``: for each of a few clips a film with the source, the driving clip,
    the output and the true answer, their motion fields, and ``clips.json``.

    The same tasks for every method; see :func:`chosen`. A picture that the terms of a dataset forbid, as
    they were when the run was made or as they are today, is replaced by arrows of the measured motion, and has no motion
    field, for a fine field shows the face.
    """
    from mebench.protocol import load_protocol
    from mebench.runs.plan import load_datasets

    datasets = load_datasets(load_protocol(records.run["protocol"]["name"]))
    clips = []
    for row in chosen(records.tasks, most):
        described, files = _clip(records, row, datasets)
        clips.append(described)
        yield from files
    if clips:
        yield "clips.json", json.dumps({"schema_version": SCHEMA_VERSION, "clips": clips}, ensure_ascii=False).encode()


def chosen(tasks: Sequence[TaskRecord], most: int = MOST_PREVIEWS) -> list[TaskRecord]:
    """The tasks to show, without those that failed: the first of each kind, or the first and the middle one where there is one
    kind. When ``most`` is 1, the later one: across identities an output cannot look right by repeating what it was given."""
    rows = sorted(tasks, key=lambda row: (row["task"]["kind"] != "self", row["task"]["key"]))
    kinds = [[row for row in rows if row["task"]["kind"] == kind] for kind in ("self", "cross")]
    parts = [part for part in kinds if part]
    if len(parts) == 1:
        (part,) = parts
        parts = [part[: -(-len(part) // 2)], part[-(-len(part) // 2) :]]
    found = [part[0] for part in parts if part and part[0]["clip"] is not None]
    return found[-most:] if most else []


def _clip(
    records: Records, row: TaskRecord, datasets: dict[str, Dataset]
) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    """A :class:`~mebench.leaderboard.schema.Preview` as JSON, and its pictures."""
    from mebench.leaderboard.film import GRID, SIDE, fields, film
    from mebench.protocol import Task
    from mebench.runs.inputs import TaskInputs
    from mebench.runs.page.licence import parties
    from mebench.runs.page.pictures import film_panels
    from mebench.runs.store import RunStore

    task, clip = Task.from_record(dict(row["task"])), row["clip"]
    assert clip is not None  # asked by the caller
    inputs = TaskInputs(task, datasets[task.dataset], datasets[task.from_dataset])
    sample = inputs.sample(RunStore(records.folder).read_clip(clip))
    seen = parties(task, records.run["datasets"], lambda name: datasets[name])
    panels, motions = film_panels(sample, seen)
    name = re.sub(r"[^A-Za-z0-9._-]", "-", task.key)[:100]
    shown = [panel.frames for panel in panels if panel.frames is not None]
    made, moved = (
        film(shown, task.onset),
        fields([m for m in motions if m is not None]) if any(m is not None for m in motions) else None,
    )
    starts, motion_starts = iter(made.starts), iter(moved.starts if moved else ())
    described = {
        "task": task.key,
        "file": f"{name}.jpg",
        "side": min(SIDE, shown[0].shape[1] // 16 * 16),
        "columns": made.columns,
        "size": task.size,
        "fps": task.fps,
        "frames": len(task.frames),
        "onset": task.onset,
        "apex": task.apex,
        "offset": task.offset,
        "panels": [
            {
                "name": panel.name,
                "role": panel.role,
                "start": next(starts) if panel.frames is not None else None,
                "still": panel.role == "source",
                "motion": next(motion_starts) if motion is not None else None,
                "note": panel.shown.note,
            }
            for panel, motion in zip(panels, motions, strict=True)
        ],
        "motion": {"file": f"{name}.motion.jpg", "grid": GRID, "columns": moved.columns, "reach": moved.reach}
        if moved
        else None,
        "curves": _curves(row["curves"]),
    }
    files = [(f"{name}.jpg", made.data)] + ([(f"{name}.motion.jpg", moved.data)] if moved else [])
    return described, files


def _curves(curves: CurvesRecord | None) -> dict[str, Any] | None:
    if curves is None:
        return None
    short = {name: [None if v is None else round(v, 5) for v in curves[name]] for name in ("reference", "output")}
    return {"unit": curves["unit"], "peak_px": round(curves["peak_px"], 4), **short}
