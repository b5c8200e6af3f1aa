"""Every clip of a run in one table, and what the player is told of those that it shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mebench.runs.page.choice import Choice
from mebench.runs.page.notes import Notes
from mebench.runs.page.numerals import number
from mebench.runs.page.pictures import Pictures
from mebench.runs.schema import CurvesRecord, MetricInfo, TaskInfo, TaskRecord


@dataclass(frozen=True)
class Score:
    """One number in the table. value sorts, text is shown; reason says why it is missing, note is its number."""

    value: float | None
    text: str | None
    reason: str | None
    note: int | None = None


@dataclass(frozen=True)
class ClipRow:
    """One task in the table. shown: whether the player has it."""

    key: str
    task: TaskInfo
    error: str | None
    scores: list[Score]
    shown: bool


def clip_rows(
    rows: Sequence[TaskRecord], metrics: Mapping[str, MetricInfo], shown: set[str], notes: Notes
) -> list[ClipRow]:
    """A line for every task; reasons of missing numbers are added to ``notes``."""
    return [
        ClipRow(
            row["task"]["key"],
            row["task"],
            (row["error"] or "failed without a message") if row["status"] == "failed" else None,
            [_noted(_score(row, name, facts), notes) for name, facts in metrics.items()],
            row["task"]["key"] in shown,
        )
        for row in rows
    ]


def _noted(score: Score, notes: Notes) -> Score:
    return dataclasses.replace(score, note=notes.number(score.reason)) if score.reason else score


def _score(row: TaskRecord, name: str, facts: MetricInfo) -> Score:
    score = row["scores"].get(name)
    if score is None:
        return Score(None, None, None if row["status"] == "failed" else "not scored yet")
    if score["value"] is None:
        return Score(None, None, score["reason"] or "no reason is recorded")
    return Score(score["value"], number(score["value"], facts["decimals"]), None)


def player_entry(
    choice: Choice, metrics: Mapping[str, MetricInfo], made: Pictures | None, file: str | None, note: str | None
) -> dict[str, Any]:
    """A clip as JSON for the player. made, file: its pictures and their sheet, below the run folder; note: why there
    are none."""
    row, task = choice.row, choice.row["task"]
    return {
        "key": task["key"],
        "label": choice.label,
        "kind": task["kind"],
        "title": title(task),
        "driving": f"{task['driving_subject']}, domain {task['driving_domain']}",
        "source": f"{task['source_subject']}, domain {task['source_domain']}",
        "units": ", ".join(task["action_units"]),
        "fps": task["fps"],
        "frames": len(task["frames"]),
        "onset": task["onset"],
        "apex": task["apex"],
        "offset": task["offset"],
        "size": task["size"],
        "sheet": file,
        "side": made.sheet.side if made and made.sheet else None,
        "columns": made.sheet.columns if made and made.sheet else None,
        "panels": made.layout() if made else [],
        "thumbnail": made.thumbnail if made else None,
        "note": note,
        "curves": _curves(row["curves"]),
        "scores": [
            {
                "name": name,
                "text": score.text,
                "unit": metrics[name]["unit"],
                "reason": score.reason,
            }
            for name, score in zip(metrics, (_score(row, name, facts) for name, facts in metrics.items()), strict=True)
        ],
    }


def title(task: TaskInfo) -> str:
    """``domain a, self`` or ``domain a drives c``."""
    if task["kind"] == "self":
        return f"Domain {task['driving_domain']}, self"
    if task["driving_domain"] == task["source_domain"]:
        return f"Within domain {task['driving_domain']}"
    return f"Domain {task['driving_domain']} drives {task['source_domain']}"


def _curves(curves: CurvesRecord | None) -> dict[str, Any] | None:
    if curves is None:
        return None
    return {
        "unit": curves["unit"],
        "peak": number(curves["peak_px"], 1),
        "reference": [None if v is None else round(v, 5) for v in curves["reference"]],
        "output": [None if v is None else round(v, 5) for v in curves["output"]],
    }
