"""``summary.json`` of a submission: what is written is read again, a line a cell, and nothing else is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mebench.errors import InputError
from mebench.leaderboard.cell_table import COLUMNS, read_summary, summary_text
from mebench.leaderboard.schema import SCHEMA_VERSION
from mebench.runs.schema import Cell

FROZEN = Path(__file__).parent / "frozen"
NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False))
WORDS = st.text(max_size=20)
ESTIMATES = st.fixed_dictionaries(
    {"mean": NUMBERS, "low": NUMBERS, "high": NUMBERS, "reason": st.one_of(st.none(), WORDS)}
)
COUNTS = st.integers(0, 10**6)
CELLS = st.fixed_dictionaries(
    {
        "metric": WORDS,
        "kind": st.sampled_from(["self", "cross"]),
        "domain": st.one_of(st.none(), WORDS),
        **dict.fromkeys(("tasks", "counted", "failed", "missing", "driving_subjects", "source_subjects"), COUNTS),
        "value": ESTIMATES,
        "interval": st.sampled_from(["clustered", "two-way", "bootstrap"]),
        "floor": st.one_of(st.none(), ESTIMATES),
        "ceiling": st.one_of(st.none(), ESTIMATES),
    }
)


def key(cell: Any) -> tuple[str, str, str | None]:
    return cell["metric"], cell["kind"], cell["domain"]


def close(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return set(found) == set(expected) and all(close(found[name], expected[name]) for name in expected)
    if isinstance(expected, float):
        return bool(found == pytest.approx(expected, rel=1e-8, abs=0.0))
    return bool(found == expected)


@given(st.lists(CELLS, max_size=6, unique_by=key))
def test_what_is_written_is_read_again_a_line_a_cell(cells: list[Any]) -> None:
    text = summary_text(cells, [])
    found, sets = read_summary(json.loads(text), "it")
    assert sets == [] and list(found) == [key(cell) for cell in cells]
    assert all(close(found[key(cell)], cell) for cell in cells)
    lines = text.split("\n")[1:-2]  # json escapes every line break inside a word
    assert [json.loads(line.rstrip(","))[0] for line in lines if line] == [cell["metric"] for cell in cells]
    again = summary_text([found[key(cell)] for cell in cells], [])
    assert again == text


def test_the_columns_are_the_fields_of_a_cell() -> None:
    assert sorted(COLUMNS) == sorted(Cell.__annotations__)


def table() -> dict[str, Any]:
    """A small file of today, from the cells of an old one."""
    (path,) = (FROZEN / "version-2").rglob("summary.json")
    cells, sets = read_summary(json.loads(path.read_text()), "it")
    value: dict[str, Any] = json.loads(summary_text(cells.values(), sets))
    return value


def test_it_takes_less_than_half_of_what_it_did() -> None:
    (path,) = (FROZEN / "version-3").rglob("summary.json")
    cells, sets = read_summary(json.loads(path.read_text()), "it")
    assert len(summary_text(cells.values(), sets)) < 0.5 * path.stat().st_size


def change(place: int, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda table: table["cells"][0].__setitem__(place, value)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda t: t.pop("sets"), "must hold schema_version"),
        (lambda t: t.update(more=1), "must hold schema_version"),
        (lambda t: t.update(schema_version="banana"), "schema version banana"),
        (lambda t: t.update(schema_version=SCHEMA_VERSION + 1), "schema version"),
        (lambda t: t.update(schema_version=3), "'columns', which came with version 4"),
        (lambda t: t.pop("columns"), "must hold columns, as every summary since version 4"),
        (lambda t: t.update(columns=COLUMNS[::-1]), "columns must be metric, kind"),
        (lambda t: t.update(cells={}), "a list of 13"),
        (lambda t: t["cells"][0].pop(), "a list of 13"),
        (lambda t: t["cells"].append(t["cells"][0]), "stands there twice"),
        (lambda t: t.update(sets={}), "every set"),
        (lambda t: t.update(sets=[{"metric": "x"}]), "every set"),
        (change(0, 7), "must be words"),
        (change(2, ["a"]), "must be words"),
        (change(10, None), "every cell must have"),
        (change(10, [0.5]), "mean, low and high"),
        (change(10, {"mean": 0.5}), "mean, low and high"),
        (change(10, [True, 0.0, 1.0]), "every cell must have"),
        (change(10, [0.5, "0", 1.0]), "every cell must have"),
        (change(10, [0.5, 0.0, 1.0, 7]), "every cell must have"),
    ],
)
def test_anything_else_is_refused(damage: Callable[[dict[str, Any]], object], told: str) -> None:
    value = table()
    damage(value)
    with pytest.raises(InputError, match=told) as error:
        read_summary(value, "results/x/summary.json")
    assert str(error.value).startswith("results/x/summary.json")


@pytest.mark.parametrize("value", [None, [], 3, "cells", {"schema_version": SCHEMA_VERSION}])
def test_what_is_no_table_at_all_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match="must hold"):
        read_summary(value, "it")
