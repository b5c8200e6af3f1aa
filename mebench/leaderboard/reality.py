"""Does the open set predict recorded faces? The order of methods on a protocol of synme against their order on its twin.

Every protocol on recorded databases has an open twin of the same kind (``cross-identity`` and ``open-cross-identity``).
A method with results on both is one point: its mean on the open twin, and its mean on one database. Their rank correlation
says whether synme orders methods as that database does. With few methods any order arises by chance, so nothing is said
before there are :data:`~mebench.statistics.rank_correlation.LEAST`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scipy import stats

from mebench.leaderboard.folder import Submission
from mebench.protocol import Protocol
from mebench.runs.badness import badness
from mebench.runs.schema import MetricInfo
from mebench.runs.summary import KINDS
from mebench.statistics.rank_correlation import LEAST, RankCorrelation, rank_correlation

OPEN = "open-"
"""Before the name of a protocol on recorded faces: its twin on synme."""

WHY = (
    f"A rank correlation of 0.8 is told from none at 95 % with {LEAST} methods or more, so nothing is said of fewer. "
    "A method counts once for each backbone; floors and ceilings do not count."
)

Point = tuple[str, str]
"""Method and backbone (empty without one)."""


@dataclass(frozen=True)
class Agreement:
    """One metric, or all of them together where ``metric`` is None (methods ordered by their mean rank over the metrics).
    methods: those with results on both sides. rho, low, high: None while nothing is known. state: ``known`` or
    ``not yet known``."""

    metric: str | None
    methods: int
    state: str
    rho: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Reality:
    """One database under one protocol. aggregates: how many of the methods gave means alone. metrics: those that both
    protocols rank on."""

    protocol: str
    twin: str
    dataset: str
    kind: str
    methods: tuple[Point, ...]
    aggregates: int
    together: Agreement
    metrics: tuple[Agreement, ...]

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "methods": [list(point) for point in self.methods]}


def reality(
    submissions: Sequence[Submission], protocols: Mapping[str, Protocol], facts: Mapping[str, MetricInfo]
) -> list[Reality]:
    """For each protocol with an open twin, and each of its databases: how well synme predicts the order of methods.

    protocols: all, by name. facts: of all metrics. Superseded versions and results on older protocols do not count.
    """
    found = []
    for name, real in sorted(protocols.items()):
        twin = protocols.get(OPEN + name)
        if twin is None or real.selection is None or twin.selection is None:
            continue
        shared = [m for m in real.metrics if m in twin.metrics and m in facts and facts[m]["ranked"]]
        shared = [m for m in shared if facts[m]["per"] == "clip"]
        for kind in KINDS:
            if not _has(real, kind):
                continue
            synthetic = _points(submissions, twin, kind, None, shared, facts)
            for dataset in _driving(real):
                recorded = _points(submissions, real, kind, dataset, shared, facts)
                found.append(_compare(name, twin.name, dataset, kind, synthetic, recorded, shared, submissions))
    return found


def reality_json(found: Sequence[Reality]) -> dict[str, Any]:
    """For the site's interface: how many methods are needed and why, and every comparison."""
    return {"needed": LEAST, "why": WHY, "comparisons": [each.record() for each in found]}


def _has(protocol: Protocol, kind: str) -> bool:
    chosen = protocol.selection
    assert chosen is not None  # asked by the caller
    crossing = (chosen.cross, chosen.crossed, chosen.held_out, chosen.listed)
    return chosen.same is not None if kind == "self" else any(each is not None for each in crossing)


def _driving(protocol: Protocol) -> list[str]:
    """Datasets whose clips drive: where clips are named one by one, those that are named."""
    listed = protocol.selection.listed if protocol.selection else None
    named = {each.dataset for each in listed.drivers} if listed else set(protocol.datasets)
    return [name for name in protocol.datasets if name in named]


Values = dict[Point, dict[str, float]]
"""Badness of each metric by method."""


def _points(
    submissions: Sequence[Submission],
    protocol: Protocol,
    kind: str,
    dataset: str | None,
    metrics: Sequence[str],
    facts: Mapping[str, MetricInfo],
) -> Values:
    replaced = {(s.manifest.method, s.manifest.supersedes) for s in submissions}
    found: Values = {}
    for each in submissions:
        newest = (each.manifest.method, each.manifest.version) not in replaced
        if each.card.role not in ("baseline", "method") or not newest:
            continue
        for lookup, result in _lookups(each, kind, dataset):
            if (result.run.protocol.name, result.run.protocol.hash) == (protocol.name, protocol.hash):
                values = {m: badness(facts[m], v) for m in metrics if (v := lookup(m)) is not None}
                if values:
                    found[each.manifest.method, result.backbone or ""] = values
    return found


def _lookups(each: Submission, kind: str, dataset: str | None) -> list[tuple[Callable[[str], float | None], Any]]:
    rows: list[tuple[Callable[[str], float | None], Any]] = []
    for result in each.results:

        def of_rows(metric: str, result: Any = result) -> float | None:
            cell = result.cells.get((metric, kind, dataset))
            mean: float | None = cell["value"]["mean"] if cell else None
            return mean

        rows.append((of_rows, result))
    for means in each.aggregates:

        def of_means(metric: str, means: Any = means) -> float | None:
            cell = means.value(metric, kind, dataset)
            mean: float | None = cell.value.mean if cell else None
            return mean

        rows.append((of_means, means))
    return rows


def _compare(
    name: str,
    twin: str,
    dataset: str,
    kind: str,
    synthetic: Values,
    recorded: Values,
    metrics: Sequence[str],
    submissions: Sequence[Submission],
) -> Reality:
    both = tuple(sorted(set(synthetic) & set(recorded)))
    alone = {
        (each.manifest.method, means.backbone or "") for each in submissions for means in each.aggregates
        if means.protocol == name
    }  # fmt: skip
    single = []
    for metric in metrics:
        pairs = [
            (synthetic[p][metric], recorded[p][metric])
            for p in both
            if metric in synthetic[p] and metric in recorded[p]
        ]
        single.append(_agreement(metric, [a for a, _ in pairs], [b for _, b in pairs]))
    whole = [p for p in both if all(metric in side[p] for metric in metrics for side in (synthetic, recorded))]
    orders = [_mean_ranks([side[p] for p in whole], metrics) for side in (synthetic, recorded)]
    together = _agreement(None, *orders)
    return Reality(name, twin, dataset, kind, both, len(alone & set(both)), together, tuple(single))


def _mean_ranks(rows: Sequence[Mapping[str, float]], metrics: Sequence[str]) -> list[float]:
    """Mean over metrics of the rank of each method."""
    ranks = [stats.rankdata([row[metric] for row in rows]) for metric in metrics] if rows else []
    return [float(sum(column) / len(ranks)) for column in zip(*ranks, strict=True)]


def _agreement(metric: str | None, first: list[float], second: list[float]) -> Agreement:
    found: RankCorrelation = rank_correlation(first, second)
    if found.low is None or found.rho is None:
        return Agreement(metric, found.points, "not yet known", None, None, None)
    return Agreement(metric, found.points, "known", found.rho, found.low, found.high)
