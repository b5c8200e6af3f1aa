"""The power planner on runs: variance components from scores that exist."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mebench.errors import ConfigError
from mebench.runs.badness import badness
from mebench.runs.page.records import read_records
from mebench.runs.people import driving_person, source_person
from mebench.runs.schema import TaskRecord
from mebench.runs.summary import number_of
from mebench.statistics.power import Components, Design, components, drivers_needed, power, smallest_difference

WANTED = 0.8
"""Chance of finding a true difference that plans aim at, by convention (Cohen, 1988)."""


@dataclass(frozen=True)
class PowerPlan:
    """What a design can find. smallest: difference found with a chance of 80 %. chance: of finding ``difference``.
    drivers_needed: driving subjects that find it with 80 %; None if 2000 do not, or no difference was given."""

    components: Components
    design: Design
    smallest: float | None
    difference: float | None
    chance: float | None
    drivers_needed: int | None

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def plan_power(parts: Components, design: Design, difference: float | None = None) -> PowerPlan:
    """What a design with these variances can find. Where the sources are the drivers, a person's two variances add up."""
    if design.sources is None:
        parts = Components(parts.driver + parts.source, 0.0, parts.clip)
    chance = None if difference is None else power(difference, parts, design)
    needed = None if difference is None else drivers_needed(difference, parts, design.clips, design.sources, WANTED)
    return PowerPlan(parts, design, smallest_difference(parts, design, WANTED), difference, chance, needed)


def from_runs(metric: str, first: Path, second: Path | None = None, kind: str = "cross") -> tuple[Components, Design]:
    """Variances and design of a run's clips of one kind: of its paired difference to ``second``, or, cautiously, of its own
    values, whose variance also holds what two methods would share.

    Raises :class:`~mebench.errors.ConfigError` where the metric or the kind is not in the runs.
    """
    rows, values = _values(metric, first, kind)
    if second is not None:
        others = dict(zip(*_values(metric, second, kind, keys=True), strict=True))
        kept = [
            (row, value - others[key]) for row, value in zip(rows, values, strict=True) if (key := _key(row)) in others
        ]
        if not kept:
            raise ConfigError(f"{first} and {second} have no {kind} clip with '{metric}' in common.")
        rows, values = [row for row, _ in kept], [value for _, value in kept]
    drivers = [driving_person(row["task"]) for row in rows]
    sources = [source_person(row["task"]) for row in rows] if kind == "cross" else None
    count = len(set(drivers))
    design = Design(count, max(1, round(len(rows) / count)), None if sources is None else len(set(sources)))
    return components(np.array(values), drivers, sources), design


def _key(row: TaskRecord) -> str:
    return row["task"]["key"]


def _values(metric: str, folder: Path, kind: str, *, keys: bool = False) -> tuple[list[Any], list[float]]:
    records = read_records(Path(folder))
    info = records.summary["metrics"].get(metric)
    if info is None or info.get("per") == "set":
        known = ", ".join(name for name, each in records.summary["metrics"].items() if each.get("per") != "set")
        raise ConfigError(f"{folder} has no metric '{metric}' with a number for each clip; known: {known}.")
    pairs, bounds = [], records.bounds()
    for row in records.tasks:
        value = number_of(row, info, bounds)
        if row["task"]["kind"] == kind and value is not None:
            pairs.append((_key(row) if keys else row, badness(info, value)))
    if not pairs:
        raise ConfigError(f"{folder} has no {kind} clip with a number of '{metric}'.")
    return [head for head, _ in pairs], [value for _, value in pairs]
