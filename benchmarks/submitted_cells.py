"""The cells of a submitted table, read and in words, for the tables that are made of ``submissions/``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from mebench import registry
from mebench.leaderboard.cell_table import read_summary


def newest_results(method: Path) -> dict[tuple[str, str], Path]:
    """The folder of the newest result of each backbone and protocol, sorted. A version adds results to those before it, and
    one that has a result again replaces it."""
    found: dict[tuple[str, str], Path] = {}
    for version in sorted((path for path in method.glob("*") if path.name.isdigit()), key=lambda path: int(path.name)):
        for summary in version.glob("results/*/summary.json"):
            backbone, protocol, _ = summary.parent.name.split("--")
            found[backbone, protocol] = summary.parent
    return dict(sorted(found.items()))


def read_cells(summary: Path) -> Any:
    """The cells of a ``summary.json``, by metric, kind and domain."""
    return read_summary(json.loads(summary.read_text(encoding="utf-8")), str(summary))[0]


def estimate(value: dict[str, Any] | None, metric: str, decimals: int) -> str:
    """The mean and its interval, cut at the best and the worst value that the metric has."""
    if value is None or value["mean"] is None:
        return "–"
    mean = f"{value['mean']:.{decimals}f}"
    if value["low"] is None:
        return mean
    facts = registry.load("metrics", metric).facts
    ends = (-math.inf, math.inf) if facts.direction == "target" else sorted((facts.ceiling, facts.worst))
    low, high = (f"{min(max(value[end], ends[0]), ends[1]):.{decimals}f}" for end in ("low", "high"))
    return mean if low == high == mean else f"{mean} [{low}, {high}]"
