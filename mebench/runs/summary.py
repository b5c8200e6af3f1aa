"""``summary.json``: means with intervals, for each metric, kind of task and domain, beside floor and ceiling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from mebench.protocol import Protocol
from mebench.runs.people import driving_person, source_person
from mebench.runs.plan import Plan
from mebench.runs.schema import (
    MAGNIFIER_FLOOR_SHOWS,
    SCHEMA_VERSION,
    BoundRow,
    BoundsRecord,
    Cell,
    Estimate,
    MetricInfo,
    ScoreRecord,
    SetRecord,
    SummaryRecord,
    TaskCount,
    TaskRecord,
)
from mebench.statistics.clustered import clustered_mean
from mebench.statistics.interval import Interval
from mebench.statistics.two_way import two_way_mean

KINDS: tuple[Literal["self", "cross"], ...] = ("self", "cross")

Lookup = Callable[[TaskRecord], float | None]
"""The number of one metric that counts for a row; None when it is missing."""


def summarise(
    plan: Plan,
    rows: Sequence[TaskRecord],
    bounds: BoundsRecord,
    tasks: TaskCount,
    sets: Mapping[tuple[str, str], tuple[Cell, SetRecord]] | None = None,
) -> SummaryRecord:
    """Aggregate ``rows``. A failed clip counts at the worst value of a metric, missing numbers are left out.

    sets: the numbers of set metrics by metric and kind; they have none by domain.
    """
    known = sets or {}
    summary: SummaryRecord = {
        "schema_version": SCHEMA_VERSION,
        "run": plan.name,
        "method": plan.method["name"],
        "backbone": plan.method["backbone"],
        "protocol": plan.protocol.name,
        "protocol_hash": plan.protocol.hash,
        "confidence": plan.protocol.statistics.confidence,
        "tasks": tasks,
        "complete": tasks["ok"] + tasks["failed"] == tasks["planned"],
        "failures": {row["task"]["key"]: row["error"] or "" for row in rows if row["status"] == "failed"},
        "metrics": plan.metrics,
        "cells": [
            known[name, kind][0]
            if plan.metrics[name].get("per") == "set"
            else cell(plan.protocol, plan.metrics[name], group, domain, bounds)
            for kind in KINDS
            for domain, group in groups([row for row in rows if row["task"]["kind"] == kind])
            for name in plan.metrics
            if plan.metrics[name].get("per") != "set" or (domain is None and (name, kind) in known)
        ],
        "sets": [record for _, record in known.values()],
    }
    if any("gain" in row["task"] for row in rows):
        summary["floor"] = MAGNIFIER_FLOOR_SHOWS
    return summary


def groups(rows: Sequence[TaskRecord]) -> list[tuple[str | None, list[TaskRecord]]]:
    """``rows`` all together (under None) and by driving domain, where there is any row."""
    if not rows:
        return []
    domains = sorted({row["task"]["driving_domain"] for row in rows})
    by_domain = [(name, [row for row in rows if row["task"]["driving_domain"] == name]) for name in domains]
    return [(None, list(rows)), *by_domain]


def cell(
    protocol: Protocol, metric: MetricInfo, rows: Sequence[TaskRecord], domain: str | None, bounds: BoundsRecord
) -> Cell:
    """One metric over ``rows`` (of one kind, at least one), with its bounds on the same tasks."""
    kind = rows[0]["task"]["kind"]
    how = protocol.statistics.same if kind == "self" else protocol.statistics.cross

    def number(row: TaskRecord) -> float | None:
        return number_of(row, metric, bounds)

    counted = [row for row in rows if number(row) is not None]
    return {
        "metric": metric["name"],
        "kind": kind,
        "domain": domain,
        "tasks": len(rows),
        "counted": len(counted),
        "failed": sum(row["status"] == "failed" for row in rows),
        "missing": len(rows) - len(counted),
        "driving_subjects": len({driving_person(row["task"]) for row in counted}),
        "source_subjects": len({source_person(row["task"]) for row in counted}),
        "value": estimate(protocol, rows, how, number),
        "interval": how,
        "floor": _bound(protocol, rows, how, metric, bounds["floor"]),
        "ceiling": _bound(protocol, rows, how, metric, bounds["ceiling"]),
    }


def estimate(
    protocol: Protocol, rows: Sequence[TaskRecord], how: Literal["clustered", "two-way"], number: Lookup
) -> Estimate:
    """Mean and interval of ``number`` over the rows that have one."""
    pairs = [(value, row) for row in rows if (value := number(row)) is not None]
    values = [value for value, _ in pairs]
    drivers = [driving_person(row["task"]) for _, row in pairs]
    confidence = protocol.statistics.confidence
    if how == "clustered":
        interval: Interval = clustered_mean(values, drivers, confidence)
    else:
        interval = two_way_mean(values, drivers, [source_person(row["task"]) for _, row in pairs], confidence)
    return {"mean": interval.mean, "low": interval.low, "high": interval.high, "reason": interval.reason}


def counted_value(status: str, score: ScoreRecord | None, worst: float) -> float | None:
    """The number that enters a mean: the worst value for a failed clip, None for a missing number."""
    if status == "failed":
        return worst
    return score["value"] if score else None


def _bound(
    protocol: Protocol,
    rows: Sequence[TaskRecord],
    how: Literal["clustered", "two-way"],
    metric: MetricInfo,
    bound: dict[str, BoundRow] | None,
) -> Estimate | None:
    if bound is None:
        return None

    def number(row: TaskRecord) -> float | None:
        found = bound.get(row["task"]["key"])
        return counted_value(found["status"], found["scores"].get(metric["name"]), metric["worst"]) if found else None

    return estimate(protocol, rows, how, number)


def number_of(row: TaskRecord, metric: MetricInfo, bounds: BoundsRecord) -> float | None:
    """The number of a row that enters a mean. A failed clip has the worst value where the metric can be measured at all: where
    no bound says the contrary."""
    if row["status"] == "failed" and not _measurable(metric["name"], row["task"]["key"], bounds):
        return None
    return counted_value(row["status"], row["scores"].get(metric["name"]), metric["worst"])


def _measurable(metric: str, task: str, bounds: BoundsRecord) -> bool:
    """Whether any bound has a number on this task, or none was scored there. The leak of the driver, say, has none where the
    driver is the source, whatever the output."""
    scored = [found for bound in (bounds["floor"], bounds["ceiling"]) if bound and (found := bound.get(task))]
    scores = [found["scores"][metric] for found in scored if found["status"] == "ok" and metric in found["scores"]]
    return not scores or any(score["value"] is not None for score in scores)
