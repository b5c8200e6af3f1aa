"""Aligned columns for the terminal, one line a row: only the last column is shortened where the terminal is narrow."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

_NARROWEST = 12
"""Characters that the last column keeps on the narrowest terminal."""


def aligned(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """The table as lines without trailing blanks. width: of the terminal; asked for when left out.

    >>> aligned(("name", "what it is"), [("a", "first"), ("long name", "second")], width=18)
    ['name       what i…', 'a          first', 'long name  second']
    """
    room = width or shutil.get_terminal_size((100, 24)).columns
    table = [titles, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(titles) - 1)]
    rest = max(_NARROWEST if width is None else 1, room - sum(widths) - 2 * len(widths))
    return ["  ".join([*map(str.ljust, row[:-1], widths), _cut(row[-1], rest)]).rstrip() for row in table]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
