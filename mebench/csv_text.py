"""Tables as CSV that a spreadsheet shows and never runs.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, which may read files and open
addresses (OWASP, "CSV Injection"). Names of clips, people and files, and sentences about failures, come from strangers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from mebench.names import visible

_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> Any:
    """``value`` as it may stand in a table: text that would be a formula gets an apostrophe in front; numbers, also those
    written out, stay as they are.

    >>> safe_cell("=1+1"), safe_cell("-0.5"), safe_cell("clip"), safe_cell(3)
    ("'=1+1", '-0.5', 'clip', 3)
    """
    if not isinstance(value, str) or not value:
        return value
    text = visible(value)
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS) and not _is_number(text) else text


def csv_text(lines: Iterable[Sequence[Any]]) -> str:
    """The lines of a table as CSV text, every cell by :func:`safe_cell`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([safe_cell(cell) for cell in line] for line in lines)
    return text.getvalue()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
