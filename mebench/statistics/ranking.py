"""Who is first, and how sure one may be: rank intervals, chance of being best, groups that cannot be told apart.

All methods are scored on the same clips. One set of bootstrap draws of the subjects serves all of them, so that a clip
that is hard for everybody moves nobody's rank. Datasets are fixed strata: subjects are drawn inside each, and the folds
count equally. Where clips share driving subjects and source identities, both are drawn. Rank intervals for leaderboards:
arXiv 2606.08679; practice: Miller, arXiv 2411.00640; two kinds of subjects: Owen, The pigeonhole bootstrap, Annals of Applied
Statistics 1(2), 2007.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from mebench.statistics.interval import CONFIDENCE, numbered

Values = NDArray[np.float64]

DRAWS = 2000


@dataclass(frozen=True)
class Standing:
    """One method. mean: over folds of fold means. low, high: percentile interval. rank: by ``mean``, 1 is best.

    rank_low, rank_high: interval of its rank over the draws. best: share of the draws in which it is first.
    group: methods of one letter cannot be told apart from the best of the group; groups are in order.
    """

    name: str
    mean: float
    low: float
    high: float
    rank: float
    rank_low: float
    rank_high: float
    best: float
    group: int


def fold_draws(
    badness: Mapping[str, Values],
    subjects: Sequence[Hashable],
    folds: Sequence[Hashable],
    draws: int = DRAWS,
    seed: int = 0,
    sources: Sequence[Hashable] | None = None,
    counted: Sequence[bool] | None = None,
) -> tuple[list[str], Values]:
    """Names, and the mean over folds of every method in every draw: float64 ``[draws+1,M]``, the first row without
    resampling.

    badness: ``[N]`` for each method, the same clips in the same order, small is good. A stratified cluster bootstrap:
    subjects are drawn with replacement inside each fold, all clips of a subject together. A percentile interval of it covers
    a little less than it says where subjects are few.

    sources: the second kind of subject of each clip, drawn by itself; a clip counts as often as its subject times its source
    was drawn (Owen 2007). Two equal methods on 8 x 8 subjects are told apart in less than 10 % of cases, where
    drawing subjects alone gives more than 15 %; without any likeness of subjects it is too careful (``told_apart`` in
    ``tests/statistics/test_ranking.py`` asserts both).

    counted: which clips have a number, all when left out. The others are drawn like them and weigh nothing, so that metrics
    with gaps in different places share the draws. A fold of which a draw holds no counted clip is left out of its mean; a draw
    without any is NaN.
    """
    names = list(badness)
    table = np.array([badness[name] for name in names], dtype=np.float64)
    fold, subject = numbered(folds), numbered(list(zip(folds, subjects, strict=True)))
    if not names or table.ndim != 2 or table.shape[1] != len(fold) or not np.isfinite(table).all():
        raise ValueError("every method needs one finite value for each clip")
    weight = np.ones(len(fold)) if counted is None else np.array(counted, dtype=np.float64)
    if weight.shape != fold.shape:
        raise ValueError("counted must say yes or no for each clip")
    table *= weight
    rng = np.random.default_rng(seed)
    parts = []
    for part in range(int(fold.max()) + 1):
        inside = np.flatnonzero(fold == part)
        owner = numbered(subject[inside].tolist())
        if sources is None:
            size = int(owner.max()) + 1
            sums = np.stack([np.bincount(owner, table[row, inside], size) for row in range(len(names))], axis=1)
            times = np.vstack((np.ones(size), _times(rng, size, draws)))
            clips = np.bincount(owner, weight[inside], size)
            parts.append(_quotient(np.asarray(times @ sums), np.asarray(times @ clips)))
        else:
            given = numbered([sources[index] for index in inside.tolist()])
            times = np.vstack((np.ones(len(inside)), _pigeonhole(rng, owner, given, draws)))
            parts.append(_quotient(np.asarray(times @ table[:, inside].T), np.asarray(times @ weight[inside])))
    return names, _known_mean([(1.0, part) for part in parts])


def _quotient(sums: Values, clips: Values) -> Values:
    """``sums [D,M] / clips [D]``, NaN where there is no clip."""
    return np.asarray(np.divide(sums, clips[:, None], out=np.full_like(sums, np.nan), where=clips[:, None] > 0.0))


def _known_mean(parts: Sequence[tuple[float, Values]]) -> Values:
    """Mean of (weight, values) of one shape, each entry over the parts that are not NaN there; NaN where there is none."""
    total = np.sum([weight * np.nan_to_num(values) for weight, values in parts], axis=0)
    weights = np.sum([weight * ~np.isnan(values) for weight, values in parts], axis=0)
    return np.asarray(np.divide(total, weights, out=np.full_like(total, np.nan), where=weights > 0.0))


def _times(rng: np.random.Generator, size: int, draws: int) -> NDArray[np.int64]:
    """How often each of ``size`` subjects is drawn: ``[draws,size]``."""
    return rng.multinomial(size, np.full(size, 1.0 / size), size=draws)


def _pigeonhole(
    rng: np.random.Generator, first: NDArray[np.int64], second: NDArray[np.int64], draws: int
) -> NDArray[np.int64]:
    """How often each clip counts: ``[draws,N]``. Draws that hit no clip, as a sparse design has some, are made again."""
    times = np.zeros((draws, len(first)), dtype=np.int64)
    while len(empty := np.flatnonzero(~times.any(axis=1))):
        one, other = (_times(rng, int(labels.max()) + 1, len(empty))[:, labels] for labels in (first, second))
        times[empty] = one * other
    return times


def standings(names: Sequence[str], means: Values, confidence: float = CONFIDENCE) -> list[Standing]:
    """From :func:`fold_draws` to the standings, the best first.

    Two methods are tied when the interval of their difference over the draws holds 0. A group is opened by the best
    method that is in none, and takes every one that is tied with it.
    """
    ranks = stats.rankdata(means, axis=1)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means[1:], [tail, 1.0 - tail], axis=0)
    rank_low, rank_high = np.quantile(ranks[1:], [tail, 1.0 - tail], axis=0, method="nearest")
    winners = means[1:] == means[1:].min(axis=1, keepdims=True)
    best = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
    order = np.argsort(means[0], kind="stable")
    group = _groups(means, order, tail)
    return [
        Standing(
            names[k],
            float(means[0, k]),
            float(low[k]),
            float(high[k]),
            float(ranks[0, k]),
            float(rank_low[k]),
            float(rank_high[k]),
            float(best[k]),
            int(group[k]),
        )
        for k in order
    ]


def _groups(means: Values, order: NDArray[np.intp], tail: float) -> NDArray[np.int64]:
    group = np.full(len(order), -1)
    number = 0
    for head in order:
        if group[head] >= 0:
            continue
        low, high = np.quantile(means[1:] - means[1:, [head]], [tail, 1.0 - tail], axis=0)
        group[(group < 0) & (low <= 0.0) & (high >= 0.0)] = number
        number += 1
    return group


def family_ranks(ranks: Mapping[str, Mapping[str, Values]], weights: Mapping[str, float] | None = None) -> Values:
    """One number for each method: the mean rank inside each family, then the weighted mean over families.

    ranks: by family and metric, ranks ``[...,M]`` (1 is best; leading axes are draws; NaN in a draw that has no clip of the
    metric, which then does not count). weights: by family, equal when left out, so that three flow metrics do not outvote one
    identity metric. Families of weight 0 and families without a metric do not count.
    """
    given = dict.fromkeys(ranks, 1.0) if weights is None else dict(weights)
    if unknown := sorted(set(given) - set(ranks)):
        raise ValueError(f"there is no family '{unknown[0]}'; known: {', '.join(sorted(ranks))}")
    parts = [(given.get(f, 0.0), members) for f, members in ranks.items() if members]
    if any(weight < 0.0 for weight, _ in parts) or sum(weight for weight, _ in parts) <= 0.0:
        raise ValueError("the weights of the families must not be negative, and one must be positive")
    return _known_mean([(weight, _known_mean([(1.0, r) for r in members.values()])) for weight, members in parts])


def share_of_weights_won(ranks: Mapping[str, Mapping[str, Values]], draws: int = DRAWS, seed: int = 0) -> Values:
    """In which share of all weightings of the families each method is first: uniform over the simplex. ``[M]``."""
    families = [family for family, members in ranks.items() if members]
    table = np.stack([np.mean(list(ranks[family].values()), axis=0) for family in families])
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(families)), size=draws)
    scores = weights @ table
    first = np.isclose(scores, scores.min(axis=1, keepdims=True))
    return np.asarray((first / first.sum(axis=1, keepdims=True)).mean(axis=0))


def kendall_tau(first: ArrayLike, second: ArrayLike) -> float:
    """Kendall's tau-b of two rankings. Where everybody is equal there is no order: 0, or 1 if both say so."""
    constant = [len(set(np.asarray(ranking, dtype=np.float64).tolist())) < 2 for ranking in (first, second)]
    return float(all(constant)) if any(constant) else float(stats.kendalltau(first, second).statistic)


def leave_one_out(
    ranks: Mapping[str, Mapping[str, Values]], weights: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Kendall's tau between the ranking and the one without each metric, by metric: which of them decide the order."""
    full = family_ranks(ranks, weights)
    taus = {}
    for members in ranks.values():
        for metric in members:
            left = {f: {m: r for m, r in ms.items() if m != metric} for f, ms in ranks.items()}
            kept = {f: w for f, w in (weights or dict.fromkeys(ranks, 1.0)).items() if left.get(f)}
            if sum(kept.values()) > 0.0:
                taus[metric] = kendall_tau(full, family_ranks({f: left[f] for f in kept}, kept))
    return taus


def leave_out_labels(
    badness: Mapping[str, Values], subjects: Sequence[Hashable], folds: Sequence[Hashable], labels: Sequence[Hashable]
) -> dict[Hashable, float]:
    """Kendall's tau between the ranking on all clips and the one without those of each label (a subject, a dataset)."""
    _, means = fold_draws(badness, subjects, folds, draws=0)
    taus: dict[Hashable, float] = {}
    for label in dict.fromkeys(labels):
        kept = [index for index, value in enumerate(labels) if value != label]
        if kept:
            part = {name: np.asarray(values)[kept] for name, values in badness.items()}
            _, without = fold_draws(part, [subjects[i] for i in kept], [folds[i] for i in kept], draws=0)
            taus[label] = kendall_tau(means[0], without[0])
    return taus
