"""Who is first on a board, and how sure one may be.

Every ranked metric is averaged on the same clips for all methods, and all metrics in the same bootstrap draws of the
driving subjects, across identities of the source identities too; methods are ranked in each draw, ranks are averaged inside
families and then over families, and the order of those is the rank. A number that is missing for one method counts at the
metric's worst value, so that nobody gains by a clip on which no face is found; a clip on which it is missing for everybody
weighs nothing there, and a draw that holds none of a metric's clips is ranked by the other metrics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mebench.leaderboard.folder import Result
from mebench.runs.badness import badness
from mebench.runs.people import driving_person, source_person
from mebench.runs.schema import MetricInfo
from mebench.runs.summary import number_of
from mebench.statistics.ranking import family_ranks, fold_draws, leave_one_out, share_of_weights_won, standings

Values = NDArray[np.float64]

Owners = dict[str, tuple[tuple[str, str], tuple[str, str], str]]

DRAWS = 1000


@dataclass(frozen=True)
class Place:
    """The place of one result. rank: 1 is best. low, high: 95 % interval of the rank over the draws. best: share of the draws
    in which it is first. group: results of one number cannot be told apart from the best of the group; 0 is the first.
    families: mean rank inside each. weights_won: share of all weightings of the families in which it is first."""

    rank: float
    low: float
    high: float
    best: float
    group: int
    families: dict[str, float]
    weights_won: float


def places(results: Mapping[str, Result], facts: Mapping[str, MetricInfo], kind: str) -> dict[str, Place]:
    """The places of ``results`` (by name, of one protocol) in the tasks of one kind; empty when there are none."""
    ranks = _ranks(results, facts, kind, DRAWS)
    if not ranks:
        return {}
    names = list(results)
    overall = family_ranks(ranks)
    found = {each.name: each for each in standings(names, overall)}
    final = stats.rankdata(overall, axis=1)
    low, high = np.quantile(final[1:], [0.025, 0.975], axis=0, method="nearest")
    first = _undrawn(ranks)
    won = share_of_weights_won(first)
    inside = {family: np.mean(list(members.values()), axis=0) for family, members in first.items()}
    return {
        name: Place(
            rank=float(final[0, k]),
            low=float(low[k]),
            high=float(high[k]),
            best=found[name].best,
            group=found[name].group,
            families={family: round(float(values[k]), 4) for family, values in inside.items()},
            weights_won=float(won[k]),
        )
        for k, name in enumerate(names)
    }


def without_each(results: Mapping[str, Result], facts: Mapping[str, MetricInfo], kind: str) -> dict[str, float]:
    """By metric: Kendall's tau between the order of ``results`` and that without the metric, the smallest first. Empty for
    fewer than two results or metrics."""
    ranks = _ranks(results, facts, kind, 0)
    if len(results) < 2 or sum(map(len, ranks.values())) < 2:
        return {}
    return dict(sorted(leave_one_out(_undrawn(ranks)).items(), key=lambda item: item[1]))


def _ranks(
    results: Mapping[str, Result], facts: Mapping[str, MetricInfo], kind: str, draws: int
) -> dict[str, dict[str, Values]]:
    """By family and metric the ranks ``[draws+1,M]`` of ``results``."""
    tables = {metric: _table(results, info, kind) for metric, info in facts.items() if _is_ranked(info)}
    keys = sorted({key for table in tables.values() for values in table.values() for key in values})
    owner = _owners(list(results.values()))
    ranks: dict[str, dict[str, Values]] = {}
    for metric, table in tables.items():
        if any(table.values()):
            badness_of = _draws(table, facts[metric], keys, owner, kind, draws)
            ranks.setdefault(facts[metric]["family"], {})[metric] = np.asarray(stats.rankdata(badness_of, axis=1))
    return ranks


def _undrawn(ranks: Mapping[str, Mapping[str, Values]]) -> dict[str, dict[str, Values]]:
    """The ranks ``[M]`` without resampling."""
    return {family: {m: values[0] for m, values in members.items()} for family, members in ranks.items()}


def _is_ranked(info: MetricInfo) -> bool:
    return info.get("ranked", True) and info["per"] == "clip"


def _draws(
    table: Mapping[str, Mapping[str, float]],
    info: MetricInfo,
    keys: Sequence[str],
    owner: Owners,
    kind: str,
    draws: int,
) -> Values:
    """Mean badness ``[draws+1,M]`` of one metric, in draws of all ``keys``; NaN in a draw that holds no clip with a number."""
    worst = badness(info, info["worst"])
    rows = {
        name: np.array([badness(info, values[key]) if key in values else worst for key in keys])
        for name, values in table.items()
    }
    counted = [any(key in values for values in table.values()) for key in keys]
    drivers, sources, folds = zip(*(owner[key] for key in keys), strict=True)
    return fold_draws(rows, drivers, folds, draws, sources=sources if kind == "cross" else None, counted=counted)[1]


def _table(results: Mapping[str, Result], info: MetricInfo, kind: str) -> dict[str, dict[str, float]]:
    """Numbers of one metric, by result and task; tasks without one are left out."""
    return {
        name: {
            row["task"]["key"]: value
            for row in result.rows
            if row["task"]["kind"] == kind and (value := number_of(row, info, result.bounds)) is not None
        }
        for name, result in results.items()
    }


def _owners(results: Sequence[Result]) -> Owners:
    """Driving person, source person and dataset of every task."""
    return {
        row["task"]["key"]: (
            driving_person(row["task"]),
            source_person(row["task"]),
            row["task"]["dataset"],
        )
        for result in results
        for row in result.rows
    }
