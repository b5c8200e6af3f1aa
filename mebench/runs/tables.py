"""``scores.csv`` and ``costs.csv``: all tasks of a run in one table each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from mebench.csv_text import csv_text
from mebench.runs.schema import SCORE_COLUMNS, CostRecord, TaskRecord

COST_COLUMNS = tuple(CostRecord.__annotations__)

NOT_SCORED = "the clip is not scored; start the same command again."
"""Reason of a number that nobody tried to compute."""


def scores_csv(rows: Iterable[TaskRecord], metrics: Sequence[str]) -> str:
    """The text of ``scores.csv``. Numbers are written with all their digits, so that reading gives the same float."""
    lines: list[list[Any]] = [[*SCORE_COLUMNS, *metrics, "reasons"]]
    for row in rows:
        task: Any = row["task"]
        head = [row[name] if name in ("status", "error") else task[_FIELD.get(name, name)] for name in SCORE_COLUMNS]  # type: ignore[literal-required]
        values = [value(row, name) for name in metrics]
        reasons = {name: reason for name in metrics if (reason := missing_reason(row, name))}
        numbers = ["" if number is None else repr(number) for number in values]
        lines.append([*("" if cell is None else cell for cell in head), *numbers, _json(reasons) if reasons else ""])
    return csv_text(lines)


def costs_csv(costs: Iterable[CostRecord]) -> str:
    """The text of ``costs.csv``."""
    lines: list[list[Any]] = [list(COST_COLUMNS)]
    for cost in costs:
        lines.append([cost.get(name) for name in COST_COLUMNS])
    return csv_text(lines)


def value(row: TaskRecord, metric: str) -> float | None:
    """The number of ``metric`` in a row; None when it is missing."""
    score = row["scores"].get(metric)
    return score["value"] if score else None


def missing_reason(row: TaskRecord, metric: str) -> str | None:
    """Why the number of ``metric`` is missing in a row; None when it is there."""
    if row["status"] == "failed":
        return f"the clip failed: {row['error']}"
    score = row["scores"].get(metric)
    return NOT_SCORED if score is None else score["reason"]


_FIELD = {"task": "key"}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
