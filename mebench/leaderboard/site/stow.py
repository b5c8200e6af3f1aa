"""Rows beyond the first ones of a long table: what orders and filters them stands in the page, how they look in a script that
is fetched when the page can be used already.

A board of 500 results has 6 MB of rows. A browser needs seconds to read that much, and none of it to show the first rows.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from markupsafe import Markup

from mebench.files import write_text

FIRST = 24
"""Rows that stand in the page itself: more than fit on a screen."""

_ROW = re.compile(r"<tr .*?</tr>", re.DOTALL)
_HEAD = re.compile(r"<tr ([^>]*)>")
_DATA = re.compile(r'\bdata-([a-z]+)(?:="([^"]*)")?')
_CELL = re.compile(r"<t[dh]\b([^>]*)>")
_VALUE = re.compile(r'\bdata-v="([^"]*)"')
_GAPS = re.compile(r"\s*\n\s*")


class Stow:
    """Writes the scripts below ``out``. One for each page, with the rows of all its tables."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._kept: dict[str, list[str]] = {}

    def keep(self, page: str, rows: str) -> Markup:
        """Keep the rows of one table of ``page`` (as HTML) for its script; gives the JSON that stands in the page for them:
        for each row its ``data-`` attributes and the ``data-v`` of its cells, without which it is null."""
        found = [_GAPS.sub(" ", row) for row in _ROW.findall(rows)]
        self._kept.setdefault(page, []).append(json.dumps(found, ensure_ascii=False))
        records = [_record(row) for row in found]
        keys = sorted({key for data, _ in records for key in data})
        value = {"keys": keys, "rows": [[[data.get(key) for key in keys], values] for data, values in records]}
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))

    def write(self, page: str) -> None:
        """The script of ``page``, if it has any rows to fetch."""
        if tables := self._kept.pop(page, None):
            write_text(self._out / path(page), f"rowsArrived([{','.join(tables)}]);\n")


def path(page: str) -> str:
    """Of the script of ``page``, below the site."""
    return f"assets/rows/{page.removesuffix('.html').replace('/', '--')}.js"


def _record(row: str) -> tuple[dict[str, str], list[float | str | None]]:
    head = _HEAD.match(row)
    assert head is not None  # _ROW found it
    data = {key: html.unescape(value) for key, value in _DATA.findall(head[1])}
    return data, [_value(attributes) for attributes in _CELL.findall(row)]


def _value(attributes: str) -> float | str | None:
    found = _VALUE.search(attributes)
    if found is None or found[1] == "":
        return None
    try:
        return float(found[1])
    except ValueError:
        return html.unescape(found[1])
