"""What the run page's player is told of the clips that a submission carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mebench.datasets.nobody import CELLS, GRID, OUTLINE
from mebench.leaderboard.arrows import STEPS
from mebench.leaderboard.folder import Result
from mebench.leaderboard.licensed import pictures_refused
from mebench.leaderboard.schema import MotionClip, Preview, PreviewPanel
from mebench.runs.page.clips import title
from mebench.runs.page.magnified import factor_for
from mebench.runs.page.numerals import number
from mebench.runs.schema import MetricInfo, TaskRecord

DRAWN = 384
"""Pixels of a drawn panel: as of the overlay, whose arrows of a tenth of a tile must be seen."""

NO_PICTURES = (
    "No picture is shown: {reason}. Arrows stand in their place, on the outline of no one: the measured motion of the "
    "expression at the apex, as much of it as each frame has."
)


def entries(result: Result, facts: Mapping[str, MetricInfo], media: str) -> list[dict[str, Any]]:
    """One JSON object a clip, as :func:`mebench.runs.page.clips.player_entry` makes for a run. media: address of the folder of
    its pictures, with a slash at its end."""
    rows = {row["task"]["key"]: row for row in result.rows}
    return [_entry(clip, rows[clip.task], facts, media) for clip in result.previews]


def drawn(result: Result, facts: Mapping[str, MetricInfo]) -> list[dict[str, Any]]:
    """The same of licensed faces: motion alone, which the page draws itself."""
    rows = {row["task"]["key"]: row for row in result.rows}
    return [_drawn(clip, rows[clip.task], facts) for clip in result.motions]


def _about(clip: Preview | MotionClip, row: TaskRecord, facts: Mapping[str, MetricInfo]) -> dict[str, Any]:
    """What both kinds of clip say."""
    task = row["task"]
    return {
        "key": clip.task,
        "label": f"driver {task['driving_subject']}",
        "thumbnail": None,
        "kind": task["kind"],
        "title": title(task),
        "driving": f"{task['driving_subject']}, domain {task['driving_domain']}",
        "source": f"{task['source_subject']}, domain {task['source_domain']}",
        "units": ", ".join(task["action_units"]),
        **{name: getattr(clip, name) for name in ("fps", "frames", "onset", "apex", "offset", "size")},
        "film": True,
        "scores": [_score(row, info) for info in facts.values() if info["per"] == "clip"],
    }


def _drawn(clip: MotionClip, row: TaskRecord, facts: Mapping[str, MetricInfo]) -> dict[str, Any]:
    task = row["task"]
    faces = dict.fromkeys((task["dataset"], task.get("source_dataset") or task["dataset"]))
    reason = pictures_refused(*faces) or "a licence of its protocol does not allow it"
    named = {"driving": "Driving clip", "output": "Output"}
    panels: list[dict[str, Any]] = [
        {
            "name": named[panel.role],
            "role": panel.role,
            "start": 0,
            "still": False,
            "motion": None,
            "note": None,
            "factor": 0,
            "view": "magnified",
            "arrows": [[x / STEPS, y / STEPS] for x, y in panel.arrows],
            "course": panel.course,
        }
        for panel in clip.panels
    ]
    both = {panel["role"]: panel for panel in panels}
    overlay = {"name": "Overlay", "role": "overlay", "view": "overlay"}
    panels.append(
        {**panels[0], **overlay, "first": both["output"], "second": both["driving"], "arrows": [], "course": []}
    )
    curves = None
    if clip.curves is not None:
        levels = {name: getattr(clip.curves, name) for name in ("reference", "output")}
        shares = {name: [None if v is None else v / 100 for v in values] for name, values in levels.items()}
        curves = {"unit": "intensity of the reference at its apex", "peak": number(clip.curves.peak_px, 1), **shares}
    return {
        **_about(clip, row, facts),
        "side": DRAWN,
        "columns": 1,
        "sheet": None,
        "motion": None,
        "arrows": {"cells": [[(c + 0.5) / GRID, (r + 0.5) / GRID] for r, c in CELLS], "outline": OUTLINE},
        "factor": factor_for(clip.curves.peak_px if clip.curves else 0.0, clip.size),
        "panels": panels,
        "note": NO_PICTURES.format(reason=reason),
        "curves": curves,
    }


def _entry(clip: Preview, row: TaskRecord, facts: Mapping[str, MetricInfo], media: str) -> dict[str, Any]:
    return {
        **_about(clip, row, facts),
        "side": clip.side,
        "columns": clip.columns,
        "sheet": media + clip.file,
        "motion": {**clip.motion.model_dump(), "sheet": media + clip.motion.file} if clip.motion else None,
        "factor": _factor(clip),
        "panels": _panels(clip),
        "note": _note(clip),
        "curves": _curves(clip),
    }


def _panels(clip: Preview) -> list[dict[str, Any]]:
    """The panels as they are, then what the lens makes of them: the overlay, and every moving panel magnified."""
    plain = [{**panel.model_dump(), "factor": None} for panel in clip.panels]
    by_role = {panel.role: panel for panel in clip.panels if panel.start is not None and panel.note is None}
    output, truth = by_role.get("output"), by_role.get("reference") or by_role.get("driving")
    made: list[dict[str, Any]] = []
    if output and truth:
        made.append(
            {**output.model_dump(), "name": "Overlay", "role": "overlay", "factor": 0, "view": "overlay"}
            | {"first": output.model_dump(), "second": truth.model_dump()}
        )
    made += [{**panel.model_dump(), "factor": 0, "view": "magnified"} for panel in clip.panels if _moves(panel)]
    return plain + made


def _moves(panel: PreviewPanel) -> bool:
    return panel.motion is not None and not panel.still


def _factor(clip: Preview) -> int:
    """Where the dial stands at first."""
    return factor_for(clip.curves.peak_px if clip.curves else 0.0, clip.size)


def _note(clip: Preview) -> str | None:
    if any(panel.note and panel.start is not None for panel in clip.panels):
        return "Pictures that may not be published are replaced by arrows: the measured motion of the face, enlarged."
    return None


def _curves(clip: Preview) -> dict[str, Any] | None:
    if clip.curves is None:
        return None
    given = clip.curves
    padded = {
        name: (list(getattr(given, name)) + [None] * clip.frames)[: clip.frames] for name in ("reference", "output")
    }
    return {"unit": given.unit, "peak": number(given.peak_px, 1), **padded}


def _score(row: TaskRecord, info: MetricInfo) -> dict[str, Any]:
    score = row["scores"].get(info["name"])
    value = score["value"] if score else None
    return {
        "name": info["name"],
        "text": None if value is None else number(value, info["decimals"]),
        "unit": info["unit"],
        "reason": (score["reason"] if score else None) or "not scored",
    }
