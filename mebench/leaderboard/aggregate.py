"""Means with intervals, from the rows of a submission: the same functions that wrote the run's own summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mebench.protocol import Protocol
from mebench.runs.schema import BoundsRecord, Cell, MetricInfo, TaskRecord
from mebench.runs.summary import KINDS, cell, groups

Cells = dict[tuple[str, str, str | None], Cell]
"""By metric, kind and domain."""

CLOSE = 1e-6
"""Largest relative difference between a stored aggregate and the one computed again: sums in another order differ by
less, a changed row by more."""


def aggregate(
    protocol: Protocol, metrics: Mapping[str, MetricInfo], rows: Sequence[TaskRecord], bounds: BoundsRecord
) -> Cells:
    """The cells of all metrics that have a number for each clip."""
    return {
        (name, kind, domain): cell(protocol, info, group, domain, bounds)
        for kind in KINDS
        for domain, group in groups([row for row in rows if row["task"]["kind"] == kind])
        for name, info in metrics.items()
        if info["per"] == "clip"
    }


def differences(stored: Cells, found: Cells) -> list[str]:
    """One sentence for each cell that is missing, too many, or says another thing than ``found``."""
    sentences = [f"{_name(key)} is missing" for key in found if key not in stored]
    sentences += [f"{_name(key)} has no rows" for key in stored if key not in found]
    for key, cell_found in found.items():
        if key in stored and (where := _differs(dict(stored[key]), dict(cell_found))):
            sentences.append(f"{_name(key)}: {where}")
    return sentences


def _differs(stored: Mapping[str, Any], found: Mapping[str, Any], prefix: str = "") -> str | None:
    for key, value in found.items():
        given, name = stored.get(key), f"{prefix}{key}"
        if isinstance(value, dict) and isinstance(given, dict):
            if (deeper := _differs(given, value, f"{name}.")) is not None:
                return deeper
        elif isinstance(value, float) and isinstance(given, int | float) and not isinstance(given, bool):
            if abs(value - given) > CLOSE * max(1.0, abs(value), abs(given)):
                return f"{name} is {given:g}, the rows give {value:g}"
        elif value != given:
            return f"{name} is {str(given)[:40]}, the rows give {str(value)[:40]}"
    return None


def _name(key: tuple[str, str, str | None]) -> str:
    metric, kind, domain = key
    return f"{metric}, {kind}" + (f", domain {domain}" if domain else "")
