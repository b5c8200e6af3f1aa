"""``clips.csv`` and ``bounds.csv``: rows of a run as plain tables, and back."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from mebench.csv_text import csv_text, safe_cell
from mebench.errors import InputError
from mebench.leaderboard import strict_json
from mebench.runs.schema import SCHEMA_VERSION, BoundRow, BoundsRecord, ScoreRecord, TaskRecord
from mebench.runs.tables import missing_reason, value

HEAD = (
    "task",
    "kind",
    "dataset",
    "source_dataset",
    "driving",
    "source",
    "driving_subject",
    "source_subject",
    "driving_domain",
    "source_domain",
    "action_units",
    "task_hash",
    "status",
    "error",
    "pixels_sha256",
    "peak_px",
)
"""First columns of ``clips.csv``; one column a metric follows, and last ``reasons`` (JSON, metric to reason)."""

BOUND_HEAD = ("bound", "task", "status")

MOST_ROWS = 20_000
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def clips_csv(rows: Sequence[TaskRecord], metrics: Sequence[str]) -> str:
    """The text of ``clips.csv``. Numbers are written with all their digits."""
    lines: list[list[Any]] = [[*HEAD, *metrics, "reasons"]]
    for row in rows:
        task, clip, curves = row["task"], row["clip"], row["curves"]
        lines.append(
            [
                task["key"],
                task["kind"],
                task["dataset"],
                task.get("source_dataset", ""),
                *(task[name] for name in HEAD[4:10]),  # type: ignore[literal-required]
                " ".join(task["action_units"]),
                task["hash"],
                row["status"],
                row["error"] or "",
                clip["pixels_sha256"] if clip else "",
                repr(curves["peak_px"]) if curves else "",
                *_numbers([value(row, name) for name in metrics]),
                _reasons({name: missing_reason(row, name) for name in metrics} if row["status"] == "ok" else {}),
            ]
        )
    return csv_text(lines)


def bounds_csv(bounds: BoundsRecord, metrics: Sequence[str]) -> str:
    """The text of ``bounds.csv``."""
    lines: list[list[Any]] = [[*BOUND_HEAD, *metrics, "reasons"]]
    for name, rows in (("floor", bounds["floor"]), ("ceiling", bounds["ceiling"])):
        for key, row in (rows or {}).items():
            scores = [row["scores"].get(metric) for metric in metrics]
            reasons = {m: s["reason"] for m, s in zip(metrics, scores, strict=True) if s and s["reason"]}
            numbers = _numbers([s["value"] if s else None for s in scores])
            lines.append([name, key, row["status"], *numbers, _reasons(reasons)])
    return csv_text(lines)


def read_clips(data: bytes, name: str, versions: Mapping[str, int]) -> list[TaskRecord]:
    """The rows of ``clips.csv``. versions: of the metrics that must have a column, in order.

    :class:`InputError` names the first line that is wrong.
    """
    rows = []
    for number, cells in _lines(data, name, (*HEAD, *versions, "reasons")):
        where = f"line {number} of {name}"
        if not _KEY.fullmatch(cells["task"]):
            raise InputError(f"{where}: '{cells['task'][:40]}' is no name of a task.")
        for column, known in (("kind", ("self", "cross")), ("status", ("ok", "failed"))):
            if cells[column] not in known:
                raise InputError(f"{where}: '{column}' must be one of {', '.join(known)}.")
        if not re.fullmatch(r"[0-9a-f]{64}", cells["task_hash"]) or not re.fullmatch(
            r"([0-9a-f]{64})?", cells["pixels_sha256"]
        ):
            raise InputError(f"{where}: a hash has 64 digits of 0-9 and a-f.")
        rows.append(_row(cells, versions, where))
    return rows


def read_bounds(data: bytes, name: str, versions: Mapping[str, int]) -> BoundsRecord:
    """The rows of ``bounds.csv``; :class:`InputError` names the first line that is wrong."""
    found: dict[str, dict[str, BoundRow]] = {}
    for number, cells in _lines(data, name, (*BOUND_HEAD, *versions, "reasons")):
        where = f"line {number} of {name}"
        if cells["bound"] not in ("floor", "ceiling") or cells["status"] not in ("ok", "failed"):
            raise InputError(f"{where}: the bound is floor or ceiling, its status ok or failed.")
        rows = found.setdefault(cells["bound"], {})
        if cells["task"] in rows:
            raise InputError(f"{where}: the task '{cells['task'][:80]}' stands there twice.")
        rows[cells["task"]] = cast(BoundRow, {"status": cells["status"], "scores": _scores(cells, versions, where)})
    return {"schema_version": SCHEMA_VERSION, "floor": found.get("floor"), "ceiling": found.get("ceiling")}


def _row(cells: Mapping[str, str], versions: Mapping[str, int], where: str) -> TaskRecord:
    peak = _number(cells["peak_px"], where, "peak_px")
    task: dict[str, Any] = {
        "key": cells["task"],
        "kind": cells["kind"],
        "dataset": cells["dataset"],
        **{name: cells[name] for name in HEAD[4:10]},
        "action_units": cells["action_units"].split(),
        "hash": cells["task_hash"],
    }
    if cells["source_dataset"]:
        task["source_dataset"] = cells["source_dataset"]
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "task": task,
        "status": cells["status"],
        "error": cells["error"] or None,
        "clip": {"pixels_sha256": cells["pixels_sha256"]} if cells["pixels_sha256"] else None,
        "info": {},
        "scores": _scores(cells, versions, where) if cells["status"] == "ok" else {},
        "curves": None if peak is None else {"peak_px": peak},
        "features": None,
    }
    if cells["status"] == "failed" and any(cells[name] for name in versions):
        raise InputError(f"{where}: a failed clip has no numbers.")
    return cast(TaskRecord, record)


def _scores(cells: Mapping[str, str], versions: Mapping[str, int], where: str) -> dict[str, ScoreRecord]:
    reasons = strict_json.parse(cells["reasons"].encode(), where) if cells["reasons"] else {}
    if not isinstance(reasons, dict) or not all(isinstance(text, str) for text in reasons.values()):
        raise InputError(f"{where}: 'reasons' must be a JSON object of sentences.")
    scores: dict[str, ScoreRecord] = {}
    for name, version in versions.items():
        number = _number(cells[name], where, name)
        scores[name] = {
            "version": version,
            "value": number,
            "reason": None if number is not None else reasons.get(name),
        }
    return scores


def _number(text: str, where: str, column: str) -> float | None:
    if not text:
        return None
    if not re.fullmatch(r"-?\d{1,40}(\.\d{1,40})?([eE][-+]?\d{1,3})?", text):
        raise InputError(f"{where}: '{column}' is no finite number.")
    number = float(text)
    if not math.isfinite(number):
        raise InputError(f"{where}: '{column}' is no finite number.")
    return number


def _lines(data: bytes, name: str, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    try:
        table = list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name} is no CSV table: {error}.") from error
    if not table or tuple(table[0]) != columns:
        raise InputError(f"line 1 of {name} must hold the columns {', '.join(columns)}.")
    if len(table) > MOST_ROWS:
        raise InputError(f"{name} has {len(table)} lines; at most {MOST_ROWS}.")
    for number, line in enumerate(table[1:], 2):
        if len(line) != len(columns):
            raise InputError(f"line {number} of {name} has {len(line)} cells, not {len(columns)}.")
        for column, cell in zip(columns, line, strict=True):
            if cell != safe_cell(cell):
                raise InputError(
                    f"line {number} of {name}: '{column}' would be a formula in a spreadsheet, or holds characters that "
                    "cannot be seen."
                )
    return [(number, dict(zip(columns, line, strict=True))) for number, line in enumerate(table[1:], 2)]


def _numbers(values: Sequence[float | None]) -> list[str]:
    return ["" if number is None else repr(float(number)) for number in values]


def _reasons(reasons: Mapping[str, str | None]) -> str:
    import json

    kept = {name: reason for name, reason in reasons.items() if reason}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else ""
