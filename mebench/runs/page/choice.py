"""Which clips the page shows moving: the best, the median and the worst of each kind, and every domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mebench.runs.badness import badness
from mebench.runs.schema import MetricInfo, TaskRecord

MOST_CLIPS = 12
"""Clips with frames on a page: enough for best, median and worst of both kinds and for every domain of the open set,
few enough that the page is built in seconds and stays below 15 MB."""

RANKED_BY = "gain_error"
"""The metric that orders the clips: how wrong the size of the expression is."""


@dataclass(frozen=True)
class Choice:
    """A clip to show, and why. label: ``best``, ``median``, ``worst`` of its kind, or empty."""

    row: TaskRecord
    label: str


def ranking_metric(metrics: Mapping[str, MetricInfo]) -> str | None:
    """:data:`RANKED_BY`, else the first motion metric of the protocol, else None."""
    if RANKED_BY in metrics:
        return RANKED_BY
    return next((name for name, facts in metrics.items() if facts["family"] == "motion"), None)


def choose(rows: Sequence[TaskRecord], metrics: Mapping[str, MetricInfo], most: int = MOST_CLIPS) -> list[Choice]:
    """At most ``most`` finished clips, self-reenactment first, in each kind from the best to the worst."""
    metric = ranking_metric(metrics)
    ranked = sorted(
        (row for row in rows if row["status"] == "ok" and row["clip"]), key=lambda r: _order(r, metric, metrics)
    )
    labels: dict[str, str] = {}
    for kind in ("self", "cross"):
        labels.update(_extremes([r for r in ranked if r["task"]["kind"] == kind], metric, metrics))
    chosen = dict.fromkeys(list(labels)[:most])
    domains = {row["task"]["driving_domain"] for row in ranked if row["task"]["key"] in chosen}
    for domain in sorted({row["task"]["driving_domain"] for row in ranked} - domains):
        members = [row["task"]["key"] for row in ranked if row["task"]["driving_domain"] == domain]
        if len(chosen) < most:
            chosen[members[len(members) // 2]] = None
    rest = [row["task"]["key"] for row in ranked if row["task"]["key"] not in chosen]
    room = min(most - len(chosen), len(rest))
    for index in range(room):  # evenly over the ranks that are left
        chosen[rest[(2 * index + 1) * len(rest) // (2 * room)]] = None
    return [Choice(row, labels.get(row["task"]["key"], "")) for row in ranked if row["task"]["key"] in chosen]


def badness_of(row: TaskRecord, metric: str, metrics: Mapping[str, MetricInfo]) -> float | None:
    """How bad the clip is by ``metric``; None where its number is missing."""
    score = row["scores"].get(metric)
    return None if score is None or score["value"] is None else badness(metrics[metric], score["value"])


def _order(row: TaskRecord, metric: str | None, metrics: Mapping[str, MetricInfo]) -> tuple[bool, bool, float, str]:
    value = badness_of(row, metric, metrics) if metric else None
    return row["task"]["kind"] != "self", value is None, value or 0.0, row["task"]["key"]


def _extremes(rows: Sequence[TaskRecord], metric: str | None, metrics: Mapping[str, MetricInfo]) -> dict[str, str]:
    """Labels by task key; empty when the clips cannot be told apart, as with a still source."""
    scored = [row for row in rows if metric and badness_of(row, metric, metrics) is not None]
    if metric is None or len(scored) < 2:
        return {}
    if badness_of(scored[0], metric, metrics) == badness_of(scored[-1], metric, metrics):
        return {}
    keys = [row["task"]["key"] for row in scored]
    labels = {keys[0]: "best", keys[-1]: "worst"}
    if len(keys) > 2:
        labels[keys[(len(keys) - 1) // 2]] = "median"
    return labels
