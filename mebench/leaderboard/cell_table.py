"""``summary.json`` of a submission: the cells of a run as a table, a line each, a third of what they take with their names.

Version 4 of the schema; before it every cell was an object with the names of its fields, which are still read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mebench.errors import InputError
from mebench.leaderboard.aggregate import Cells
from mebench.leaderboard.schema import SCHEMA_VERSION
from mebench.leaderboard.upgrade import upgraded
from mebench.runs.schema import Cell, Estimate, SetRecord

DIGITS = 9
"""Of means and bounds, a thousand times finer than what ``mebench verify`` sees; the values that they follow from are whole."""

COLUMNS = (
    "metric",
    "kind",
    "domain",
    "tasks",
    "counted",
    "failed",
    "missing",
    "driving_subjects",
    "source_subjects",
    "interval",
    "value",
    "floor",
    "ceiling",
)
"""Of :class:`~mebench.runs.schema.Cell`, in this order. The last three are mean, low and high, then the reason where there is
no interval; null where there is no such bound."""

_ESTIMATES = COLUMNS[-3:]
_CELL = frozenset(Cell.__annotations__)
_ESTIMATE = ("mean", "low", "high", "reason")
_SET = frozenset(SetRecord.__annotations__)


def summary_text(cells: Iterable[Cell], sets: Iterable[SetRecord]) -> str:
    """The file, with numbers of :data:`DIGITS` digits."""
    rows = ",\n".join(_json([_packed(name, cell[name]) for name in COLUMNS]) for cell in cells)  # type: ignore[literal-required]
    head = f'"schema_version":{SCHEMA_VERSION},"columns":{_json(COLUMNS)}'
    return f'{{{head},"cells":[\n{rows}\n],"sets":{_json(list(sets))}}}\n'


def read_summary(value: Any, where: str) -> tuple[Cells, list[SetRecord]]:
    """Cells and sets from the parsed file, of this version or an older one. where: how messages name it.

    :class:`InputError` for anything that is not shaped like them.
    """
    if not isinstance(value, dict) or set(value) - {"columns"} != {"schema_version", "cells", "sets"}:
        raise InputError(f"{where} must hold schema_version, columns, cells and sets.")
    try:
        upgraded("summary", value)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    if value["schema_version"] >= 4 and "columns" not in value:
        raise InputError(f"{where} must hold columns, as every summary since version 4.")
    given = _unpacked(value, where) if "columns" in value else value["cells"]
    if not isinstance(given, list):
        raise InputError(f"{where}: cells must be a list.")
    cells: Cells = {}
    for entry in given:
        if not isinstance(entry, dict) or set(entry) != _CELL or not all(map(_is_estimate, _estimates(entry))):
            raise InputError(f"{where}: every cell must have the keys {', '.join(sorted(_CELL))}.")
        if not all(isinstance(entry[name], str | None) for name in ("metric", "kind", "domain")):
            raise InputError(f"{where}: metric, kind and domain of a cell must be words.")
        cells[str(entry["metric"]), str(entry["kind"]), entry["domain"]] = entry  # type: ignore[assignment]
    if len(cells) != len(given):
        raise InputError(f"{where}: a cell stands there twice.")
    sets = value["sets"]
    if not isinstance(sets, list) or not all(isinstance(entry, dict) and set(entry) == _SET for entry in sets):
        raise InputError(f"{where}: every set must have the keys {', '.join(sorted(_SET))}.")
    return cells, sets


def _packed(name: str, value: Any) -> Any:
    if name not in _ESTIMATES or value is None:
        return value
    numbers = [value[part] for part in _ESTIMATE]
    return numbers if numbers[-1] is not None else numbers[:-1]


def _unpacked(value: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    if value["columns"] != list(COLUMNS):
        raise InputError(f"{where}: the columns must be {', '.join(COLUMNS)}.")
    rows = value["cells"]
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == len(COLUMNS) for row in rows):
        raise InputError(f"{where}: every cell must be a list of {len(COLUMNS)}.")
    return [
        {name: _estimate(each, where) if name in _ESTIMATES else each for name, each in zip(COLUMNS, row, strict=True)}
        for row in rows
    ]


def _estimate(value: Any, where: str) -> Estimate | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) not in (3, 4):
        raise InputError(f"{where}: value, floor and ceiling must be mean, low and high.")
    mean, low, high, *reason = value
    return {"mean": mean, "low": low, "high": high, "reason": reason[0] if reason else None}


def _estimates(entry: Mapping[str, Any]) -> list[Any]:
    return [entry["value"], *(entry[name] for name in ("floor", "ceiling") if entry[name] is not None)]


def _is_estimate(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != set(_ESTIMATE) or not isinstance(value["reason"], str | None):
        return False
    numbers = [value[name] for name in ("mean", "low", "high")]
    return all(n is None or (isinstance(n, int | float) and not isinstance(n, bool)) for n in numbers)


def _json(value: Any) -> str:
    return json.dumps(_short(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: _short(each) for key, each in value.items()}
    return [_short(each) for each in value] if isinstance(value, list | tuple) else value
