"""Tables for download: means and single clips of a board, as CSV and, where pyarrow is installed, as Parquet."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from typing import Any

from mebench.csv_text import csv_text
from mebench.leaderboard.site.boards import Board
from mebench.runs.summary import number_of

CSV_COLUMNS = (
    "method",
    "version",
    "backbone",
    "tier",
    "newest",
    "protocol",
    "kind",
    "domain",
    "metric",
    "mean",
    "low",
    "high",
    "tasks",
    "counted",
    "failed",
    "floor",
    "ceiling",
)
"""Of ``data/<protocol>.csv``: one line for each result, kind, domain (empty: all) and metric."""

CLIP_COLUMNS = (
    "method",
    "version",
    "backbone",
    "tier",
    "newest",
    "protocol",
    "task",
    "kind",
    "dataset",
    "driving_subject",
    "source_subject",
    "driving_domain",
    "source_domain",
    "action_units",
    "status",
    "metric",
    "value",
)
"""Of ``data/<protocol>-clips.csv``: one line for each result, task and metric; a failed clip has the worst value."""

Line = tuple[Any, ...]


def means(board: Board) -> Iterator[Line]:
    """Lines of :data:`CSV_COLUMNS`."""
    for entry in board.entries:
        for (metric, kind, domain), cell in entry.result.cells.items():
            value = cell["value"]
            bounds = [each["mean"] if each else None for each in (cell["floor"], cell["ceiling"])]
            numbers = (value["mean"], value["low"], value["high"], cell["tasks"], cell["counted"], cell["failed"])
            yield (*_head(entry), entry.result.protocol, kind, domain, metric, *numbers, *bounds)


def clips(board: Board) -> Iterator[Line]:
    """Lines of :data:`CLIP_COLUMNS`."""
    names = ("kind", "dataset", "driving_subject", "source_subject", "driving_domain", "source_domain")
    for entry in board.entries:
        for row in entry.result.rows:
            task: Any = row["task"]
            what = (task["key"], *(task[name] for name in names), " ".join(task["action_units"]), row["status"])
            for metric, info in board.facts.items():
                if info["per"] == "clip":
                    value = number_of(row, info, entry.result.bounds)
                    yield (*_head(entry), entry.result.protocol, *what, metric, value)


def _head(entry: Any) -> Line:
    manifest = entry.submission.manifest
    return (manifest.method, manifest.version, entry.result.backbone, entry.tier, entry.newest)


def as_csv(columns: Sequence[str], lines: Iterator[Line]) -> str:
    """Text of a table: empty for None, ``true`` and ``false``, numbers with all their digits."""
    plain = ([str(value).lower() if isinstance(value, bool) else value for value in line] for line in lines)
    return csv_text([columns, *plain])


def has_parquet() -> bool:
    """Whether pyarrow is installed (``pip install mebench[parquet]``)."""
    return importlib.util.find_spec("pyarrow") is not None


def as_parquet(columns: Sequence[str], lines: Iterator[Line]) -> bytes | None:
    """Bytes of the same table; None without pyarrow."""
    if not has_parquet():
        return None
    import pyarrow as arrow
    from pyarrow import parquet

    whole = ("tasks", "counted", "failed")
    kinds = {
        **dict.fromkeys(columns, arrow.string()),
        **{name: arrow.float64() for name in ("mean", "low", "high", "floor", "ceiling", "value") if name in columns},
        **{name: arrow.int64() for name in whole if name in columns and columns is CSV_COLUMNS},
        "newest": arrow.bool_(),
    }
    table = list(lines)
    arrays = [arrow.array([line[i] for line in table], kinds[name]) for i, name in enumerate(columns)]
    sink = arrow.BufferOutputStream()
    parquet.write_table(arrow.table(arrays, names=list(columns)), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
