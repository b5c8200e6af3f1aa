"""Results on licensed faces of which nothing but aggregates leaves: means, intervals and counts for each dataset.

A licence that forbids frames and annotations to be passed on may be read to cover rows about single clips as well; a mean
over a dataset says nothing of any of them. Such a result is a row of its own kind: its numbers cannot be computed again, so
it is never ranked among results that can, and every place that shows it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from mebench.leaderboard import strict_json
from mebench.leaderboard.aggregate import Cells
from mebench.leaderboard.schema import SCHEMA_VERSION, Provenance, Short, Strict
from mebench.protocol import Protocol
from mebench.runs.schema import Cell, Estimate, MetricInfo

LEAST_TASKS = 5
LEAST_SUBJECTS = 3
"""A group of fewer tasks, or of fewer driving subjects, has counts and no mean: the mean of one clip is that clip's number."""

LABEL = "aggregates only: reported by a licence holder, not computed again from single clips"
"""Stands wherever such a result is shown."""

Found = tuple[Literal["error", "warning"], str, str, str]


class Mean(Strict):
    """A mean with its interval; None where the group is too small."""

    mean: float | None
    low: float | None
    high: float | None


class AggregateCell(Strict):
    """One metric on one kind of task of one dataset (None: all together). Counts as in :class:`mebench.runs.schema.Cell`."""

    metric: Short
    kind: Literal["self", "cross"]
    dataset: Short | None
    tasks: int = Field(ge=1)
    counted: int = Field(ge=0)
    failed: int = Field(ge=0)
    missing: int = Field(ge=0)
    driving_subjects: int = Field(ge=0)
    source_subjects: int = Field(ge=0)
    value: Mean
    floor: Mean | None
    ceiling: Mean | None


class Aggregates(Strict):
    """``aggregates.json``."""

    schema_version: int = Field(ge=1, le=SCHEMA_VERSION)
    confidence: float = Field(gt=0.5, lt=1.0)
    cells: list[AggregateCell] = Field(min_length=1, max_length=5000)


@dataclass(frozen=True)
class AggregateResult:
    """One run of a submission of which only aggregates are known."""

    folder: Path
    name: str
    backbone: str | None
    run: Provenance
    table: Aggregates

    @property
    def protocol(self) -> str:
        """Name of its protocol."""
        return self.run.protocol.name

    def value(self, metric: str, kind: str, dataset: str | None) -> AggregateCell | None:
        """The cell of this metric, if there is one."""
        same = (c for c in self.table.cells if (c.metric, c.kind, c.dataset) == (metric, kind, dataset))
        return next(same, None)


def read_table(data: bytes, name: str) -> Aggregates:
    """The content of ``aggregates.json``; :class:`~mebench.errors.InputError` for anything else."""
    return strict_json.load(data, name, Aggregates)


def make_table(cells: Cells, confidence: float) -> dict[str, Any]:
    """``aggregates.json`` from the cells of a run, as JSON values. Where one dataset is too small, the cell of all together
    has no mean either: it would follow from the others."""
    small = {(kind, metric) for (metric, kind, domain), cell in cells.items() if domain is not None and _small(cell)}
    made = []
    for (metric, kind, domain), cell in cells.items():
        hidden = _small(cell) or (domain is None and (kind, metric) in small)
        bounds = {name: each and _mean(each, hidden) for name, each in _bounds(cell)}
        counts = ("tasks", "counted", "failed", "missing", "driving_subjects", "source_subjects")
        made.append(
            {
                "metric": metric,
                "kind": kind,
                "dataset": domain,
                **{name: cell[name] for name in counts},  # type: ignore[literal-required]
                "value": _mean(cell["value"], hidden),
                **bounds,
            }
        )
    return {"schema_version": SCHEMA_VERSION, "confidence": confidence, "cells": made}


def bare(provenance: dict[str, Any]) -> dict[str, Any]:
    """``run.json`` without anything that names a clip or a person: findings of leak checks keep their state alone, and hashes
    of single videos go."""
    method = {
        **provenance["method"],
        "config": {k: v for k, v in provenance["method"]["config"].items() if k != "videos"},
    }
    datasets = {
        name: {key: value for key, value in info.items() if key != "publishable_subjects"}
        for name, info in provenance["datasets"].items()
    }
    checks = [{"name": check["name"], "state": check["state"]} for check in provenance["checks"]]
    return {**provenance, "method": method, "datasets": datasets, "checks": checks}


def check(
    result: AggregateResult, protocol: Protocol, facts: Mapping[str, MetricInfo], licensed: bool
) -> Iterator[Found]:
    """What can be checked of numbers that cannot be computed again. licensed: whether a licence keeps single clips back."""
    where = f"results/{result.name}"
    if not licensed:
        yield (
            "error",
            "aggregates",
            where,
            "holds aggregates alone, and its data are open: submit the rows of all clips",
        )
    extra = sorted(path.name for path in result.folder.iterdir() if path.name not in ("run.json", "aggregates.json"))
    if extra:
        yield "error", "licence", f"{where}/{extra[0]}", "lies beside aggregates, which stand alone"
    if bare(result.run.model_dump()) != result.run.model_dump():
        yield "error", "licence", f"{where}/run.json", "holds words about single clips or people"
    if set(result.run.metrics) != set(protocol.metrics) or any(
        result.run.metrics[name].version != facts[name]["version"] for name in protocol.metrics
    ):
        yield "error", "metrics", f"{where}/run.json", "has other metrics, or versions of them, than the protocol today"
        return
    for text in [*_shape(result, protocol, facts), *_values(result, facts)][:5]:
        yield "error", "aggregates", f"{where}/aggregates.json", text
    yield "warning", "aggregates", where, LABEL


def _shape(result: AggregateResult, protocol: Protocol, facts: Mapping[str, MetricInfo]) -> Iterator[str]:
    """Every metric once for every group, the same tasks for all of them, and as many as were planned."""
    cells = result.table.cells
    keys = [(cell.metric, cell.kind, cell.dataset) for cell in cells]
    if len(set(keys)) < len(keys):
        yield "a cell stands there twice"
    if result.table.confidence != protocol.statistics.confidence:
        yield f"the intervals are of {result.table.confidence:g}, and the protocol's of {protocol.statistics.confidence:g}"
    if unknown := sorted({c.dataset for c in cells if c.dataset} - set(result.run.datasets)):
        yield f"'{unknown[0]}' is no dataset of the run"
    if unknown := sorted({c.metric for c in cells} - set(protocol.metrics)):
        yield f"'{unknown[0]}' is no metric of this protocol"
        return
    clipwise = {name for name in protocol.metrics if facts[name]["per"] == "clip"}
    planned = 0
    for kind in sorted({cell.kind for cell in cells}):
        groups: dict[str | None, set[int]] = {}
        for name in clipwise:
            for cell in (c for c in cells if c.metric == name and c.kind == kind):
                groups.setdefault(cell.dataset, set()).add(cell.tasks)
        for group, sizes in groups.items():
            metrics = {c.metric for c in cells if (c.kind, c.dataset) == (kind, group)}
            if clipwise - metrics:
                yield f"'{sorted(clipwise - metrics)[0]}' is missing for {group or 'all datasets'}, {kind}"
            if len(sizes) > 1:
                yield f"the number of tasks differs among the metrics of {group or 'all datasets'}, {kind}"
        parts = [max(sizes) for group, sizes in groups.items() if group is not None]
        if None not in groups or sum(parts) != max(groups[None]):
            yield f"the tasks of the datasets do not add up to those of all, {kind}"
            return
        planned += max(groups[None])
    if planned != result.run.planned:
        yield f"{planned} of {result.run.planned} planned tasks; a clip that was not made counts as failed"


def _values(result: AggregateResult, facts: Mapping[str, MetricInfo]) -> Iterator[str]:
    for cell in result.table.cells:
        name = f"{cell.metric}, {cell.kind}, {cell.dataset or 'all datasets'}"
        if cell.counted + cell.missing != cell.tasks or cell.failed > cell.tasks:
            yield f"{name}: the counts do not add up"
        info, mean = facts.get(cell.metric), cell.value.mean
        small = cell.counted < LEAST_TASKS or cell.driving_subjects < LEAST_SUBJECTS
        means = [each.mean for each in (cell.value, cell.floor, cell.ceiling) if each is not None]
        if small and info and info["per"] == "clip" and any(each is not None for each in means):
            yield f"{name}: has a mean of {cell.counted} tasks of {cell.driving_subjects} people, too few to be no clip's own"
        if mean is not None and info is not None and _impossible(mean, info):
            yield f"{name}: {mean:g} is better than a perfect output ({info['ceiling']:g})"
        for each in (cell.value, cell.floor, cell.ceiling):
            ends = (each.low, each.mean, each.high) if each else ()
            if each and None not in ends and not each.low <= each.mean <= each.high:  # type: ignore[operator]
                yield f"{name}: the mean lies outside its interval"


def _impossible(value: float, info: MetricInfo) -> bool:
    from mebench.leaderboard.numbers import impossible

    return impossible(value, info)


def _small(cell: Cell) -> bool:
    return cell["counted"] < LEAST_TASKS or cell["driving_subjects"] < LEAST_SUBJECTS


def _bounds(cell: Cell) -> list[tuple[str, Estimate | None]]:
    return [("floor", cell["floor"]), ("ceiling", cell["ceiling"])]


def _mean(given: Estimate, hidden: bool) -> dict[str, float | None]:
    numbers = {"mean": given["mean"], "low": given["low"], "high": given["high"]}
    return {name: None if hidden else value for name, value in numbers.items()}
