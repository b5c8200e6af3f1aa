"""Tables in the terminal."""

from __future__ import annotations

import doctest

from mebench.cli import columns
from mebench.cli.columns import aligned


def test_the_example_holds() -> None:
    assert doctest.testmod(columns).failed == 0


def test_one_line_a_row_and_nothing_but_the_last_column_is_cut() -> None:
    rows = [("name", "state " * 3, "what " * 40), ("a much longer name", "ok", "short")]
    lines = aligned(("first", "second", "third"), rows, width=60)
    assert len(lines) == 3 and max(map(len, lines)) == 60
    assert lines[1].endswith("…") and lines[2].endswith("short")
    assert "a much longer name" in lines[2]
