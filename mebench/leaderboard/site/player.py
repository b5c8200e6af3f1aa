"""What the run page's player is told of the clips that a submission carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mebench.leaderboard.folder import Result
from mebench.leaderboard.schema import Preview, PreviewPanel
from mebench.runs.page.clips import title
from mebench.runs.page.magnified import factor_for
from mebench.runs.page.numerals import number
from mebench.runs.schema import MetricInfo, TaskRecord


def entries(result: Result, facts: Mapping[str, MetricInfo], media: str) -> list[dict[str, Any]]:
    """One JSON object a clip, as :func:`mebench.runs.page.clips.player_entry` makes for a run. media: address of the folder of
    its pictures, with a slash at its end."""
    rows = {row["task"]["key"]: row for row in result.rows}
    return [_entry(clip, rows[clip.task], facts, media) for clip in result.previews]


def _entry(clip: Preview, row: TaskRecord, facts: Mapping[str, MetricInfo], media: str) -> dict[str, Any]:
    task = row["task"]
    return {
        "key": clip.task,
        "label": "",
        "thumbnail": None,
        "kind": task["kind"],
        "title": title(task),
        "driving": f"{task['driving_subject']}, domain {task['driving_domain']}",
        "source": f"{task['source_subject']}, domain {task['source_domain']}",
        "units": ", ".join(task["action_units"]),
        **{
            name: getattr(clip, name)
            for name in ("fps", "frames", "onset", "apex", "offset", "size", "side", "columns")
        },
        "film": True,
        "sheet": media + clip.file,
        "motion": {**clip.motion.model_dump(), "sheet": media + clip.motion.file} if clip.motion else None,
        "factor": _factor(clip),
        "panels": _panels(clip),
        "note": _note(clip),
        "curves": _curves(clip),
        "scores": [_score(row, info) for info in facts.values() if info["per"] == "clip"],
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
