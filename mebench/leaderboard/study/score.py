"""``mebench study score``: from answers to a ranking of methods with intervals, and to how well each metric agrees with people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mebench.errors import ConfigError, InputError
from mebench.leaderboard import strict_json
from mebench.leaderboard.study.answers import Answers, Rating, attentive, read_answers, read_sheet
from mebench.leaderboard.study.design import Key
from mebench.statistics.bradley_terry import log_strengths
from mebench.statistics.rank_correlation import RankCorrelation, rank_correlation

Values = NDArray[np.float64]

DRAWS = 1000

LEAST_RATERS = 5
"""Fewest raters for an interval: a bootstrap over fewer repeats a handful of samples."""


@dataclass(frozen=True)
class Preferred:
    """One method. strength: logarithm, mean 0 over methods: a difference of 1 is chosen 73 times of 100. low, high: 95 %
    interval over raters; rank_low, rank_high: of its rank. best: share of the draws in which it is first. None with fewer
    than :data:`LEAST_RATERS` raters. chosen, shown: choices for it, and pairs with it."""

    method: str
    rank: float
    strength: float
    low: float | None
    high: float | None
    rank_low: float | None
    rank_high: float | None
    best: float | None
    chosen: int
    shown: int


@dataclass(frozen=True)
class Agreement:
    """One metric and people. share: of all choices, those for the output that the metric prefers (ties count half).
    rho: Spearman's correlation over pairs of outputs between the metric's difference and the share of choices; low, high: 95 %
    interval over raters and tasks. methods: rank correlation of the orders of the methods; without an interval below
    :data:`mebench.statistics.rank_correlation.LEAST` methods."""

    metric: str
    family: str
    choices: int
    share: float | None
    rho: float | None
    low: float | None
    high: float | None
    methods: RankCorrelation


@dataclass(frozen=True)
class Coded:
    """Mean ratings of coders. low, high: 95 % interval over driving clips of ``movement``."""

    method: str
    movement: float | None
    low: float | None
    high: float | None
    naturalness: float | None
    ratings: int


@dataclass(frozen=True)
class StudyScore:
    """raters: that count. excluded: codes of raters who failed the attention checks. ranking: the best first."""

    study: str
    protocol: str
    raters: int
    excluded: tuple[str, ...]
    choices: int
    left: float | None
    ranking: tuple[Preferred, ...]
    agreement: tuple[Agreement, ...]
    coders: int
    coded: tuple[Coded, ...]

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def score_study(answers: Sequence[Path | str], key: Path | str, *, seed: int = 0) -> StudyScore:
    """Score the files ``answers`` (JSON of the page, CSV or xlsx of coders) with the ``key.json`` of their study.

    :class:`InputError` for files of another study and for two files of one rater; :class:`ConfigError` when nobody is left.
    """
    known = strict_json.load(Path(key).read_bytes() if Path(key).is_file() else _missing(Path(key)), str(key), Key)
    files = [Path(each) for each in answers]
    given = [read_answers(path, known) for path in files if path.suffix.lower() == ".json"]
    sheets = [read_sheet(path, known) for path in files if path.suffix.lower() in (".csv", ".xlsx")]
    if len(given) + len(sheets) < len(files) or not files:
        raise InputError("answers are .json files of the page, or .csv and .xlsx files of coders.")
    for names in ([each.rater for each in given], [sheet[0].coder for sheet in sheets if sheet]):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"there are two files of '{twice[0]}'; give the later one alone.")
    kept = [each for each in given if attentive(each, known)]
    excluded = tuple(sorted(each.rater for each in given if each not in kept))
    if given and not kept:
        raise ConfigError(f"none of {len(given)} raters passed the attention checks; there is nothing to score.")
    table = Choices(known, kept)
    return StudyScore(
        study=known.study,
        protocol=known.protocol,
        raters=len(kept),
        excluded=excluded,
        choices=int(table.wins.sum()),
        left=_left(kept, known),
        ranking=tuple(_ranking(table, seed)) if kept else (),
        agreement=tuple(_agreement(table, name, seed) for name in known.metrics) if kept else (),
        coders=len(sheets),
        coded=tuple(_coded(known, [rating for sheet in sheets for rating in sheet], seed)) if sheets else (),
    )


class Choices:
    """wins: ``[R,M,M]``, how often each rater chose the method of the row over that of the column. votes, counts: ``[R,P]``,
    choices for the first method of each trial, and choices in all. trials: the P trials."""

    def __init__(self, key: Key, kept: Sequence[Answers]) -> None:
        self.key = key
        self.trials = list(key.trials.values())
        place = {name: index for index, name in enumerate(key.methods)}
        number = {name: index for index, name in enumerate(key.trials)}
        self.wins: Values = np.zeros((len(kept), len(place), len(place)))
        self.votes: Values = np.zeros((len(kept), len(number)))
        self.counts: Values = np.zeros((len(kept), len(number)))
        for rater, each in enumerate(kept):
            for answer in each.answers:
                trial = key.trials.get(answer.trial)
                if trial is None:
                    continue  # an attention check
                first, second = place[trial.first], place[trial.second]
                won, lost = (first, second) if answer.chosen == "a" else (second, first)
                self.wins[rater, won, lost] += 1
                self.votes[rater, number[answer.trial]] += answer.chosen == "a"
                self.counts[rater, number[answer.trial]] += 1


def draws_of_raters(count: int, seed: int, draws: int = DRAWS) -> Values:
    """How often each of ``count`` raters is in each bootstrap draw: float64 ``[draws,count]``."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(count, np.full(count, 1.0 / count), size=draws).astype(np.float64)


def _ranking(table: Choices, seed: int) -> list[Preferred]:
    raters = len(table.wins)
    whole = table.wins.sum(axis=0)
    strength = log_strengths(whole)
    rank = stats.rankdata(-strength)
    ends: list[list[float | None]] = [[None] * 5 for _ in strength]
    if raters >= LEAST_RATERS:
        drawn = log_strengths(np.einsum("dr,rmn->dmn", draws_of_raters(raters, seed), table.wins))
        ranks = stats.rankdata(-drawn, axis=1)
        spans = np.quantile(drawn, [0.025, 0.975], axis=0)
        places = np.quantile(ranks, [0.025, 0.975], axis=0, method="nearest")
        wins = (ranks == ranks.min(axis=1, keepdims=True)).mean(axis=0)
        ends = np.vstack([spans, places, wins]).T.tolist()
    rows = []
    for k in np.argsort(-strength, kind="stable"):
        chosen = int(whole[k].sum())
        shown = chosen + int(whole[:, k].sum())
        low, high, first, last, best = ends[k]
        name = table.key.methods[k]
        rows.append(Preferred(name, float(rank[k]), float(strength[k]), low, high, first, last, best, chosen, shown))
    return rows


def _agreement(table: Choices, name: str, seed: int) -> Agreement:
    metric = table.key.metrics[name]
    gaps = np.array([_gap(metric.badness.get(t.task, {}), t.first, t.second) for t in table.trials])
    seen = (table.counts.sum(axis=0) > 0) & np.isfinite(gaps)
    order = _methods(table, metric.badness)
    votes, counts, gaps = table.votes[:, seen], table.counts[:, seen], gaps[seen]
    if not seen.any():
        return Agreement(name, metric.family, 0, None, None, None, None, order)
    agreed = np.where(gaps > 0, votes, np.where(gaps < 0, counts - votes, counts / 2)).sum()
    rho = _rho(gaps, votes.sum(axis=0), counts.sum(axis=0))
    low, high = None, None
    tasks = np.unique([t.task for t, kept in zip(table.trials, seen, strict=True) if kept], return_inverse=True)[1]
    if len(votes) >= LEAST_RATERS and tasks.max() + 1 >= LEAST_RATERS:
        people = draws_of_raters(len(votes), seed)
        clips = draws_of_raters(int(tasks.max()) + 1, seed + 1)
        found = [_drawn_rho(gaps, p @ votes, p @ counts, c[tasks]) for p, c in zip(people, clips, strict=True)]
        known = [value for value in found if value is not None]
        if len(known) >= 0.9 * DRAWS:
            low, high = (float(q) for q in np.quantile(known, [0.025, 0.975]))
    return Agreement(name, metric.family, int(counts.sum()), float(agreed / counts.sum()), rho, low, high, order)


def _gap(badness: Mapping[str, float], first: str, second: str) -> float:
    """How much the metric prefers the first output; NaN where it has no number for one of them."""
    return badness.get(second, np.nan) - badness.get(first, np.nan)


def _rho(gaps: Values, votes: Values, counts: Values) -> float | None:
    """Over pairs, each in both orders: which of two methods is called first must not matter."""
    kept = counts > 0
    share = votes[kept] / counts[kept] - 0.5
    x, y = np.concatenate((gaps[kept], -gaps[kept])), np.concatenate((share, -share))
    if len(set(x.tolist())) < 2 or len(set(y.tolist())) < 2:
        return None
    return float(stats.spearmanr(x, y).statistic)


def _drawn_rho(gaps: Values, votes: Values, counts: Values, times: Values) -> float | None:
    again = np.repeat(np.arange(len(gaps)), times.astype(int))
    return _rho(gaps[again], votes[again], counts[again]) if len(again) else None


def _methods(table: Choices, badness: Mapping[str, Mapping[str, float]]) -> RankCorrelation:
    """People's order of the methods against the order of their means, on tasks that all have."""
    methods = table.key.methods
    whole = [values for values in badness.values() if all(method in values for method in methods)]
    if not whole:
        return RankCorrelation(len(methods), None, None, None)
    means = [-float(np.mean([values[method] for values in whole])) for method in methods]
    return rank_correlation(means, log_strengths(table.wins.sum(axis=0)).tolist())


def _coded(key: Key, ratings: Sequence[Rating], seed: int) -> list[Coded]:
    rows = []
    for method in key.methods:
        mine = [rating for rating in ratings if key.coder[rating.clip][1] == method]
        by_task: dict[str, list[int]] = {}
        for rating in mine:
            if rating.movement is not None:
                by_task.setdefault(key.coder[rating.clip][0], []).append(rating.movement)
        clips = np.array([np.mean(marks) for marks in by_task.values()])
        low, high = None, None
        if len(clips) >= LEAST_RATERS:
            drawn = draws_of_raters(len(clips), seed) @ clips / len(clips)
            low, high = (float(q) for q in np.quantile(drawn, [0.025, 0.975]))
        natural = [rating.naturalness for rating in mine if rating.naturalness is not None]
        movement = float(clips.mean()) if len(clips) else None
        rows.append(Coded(method, movement, low, high, float(np.mean(natural)) if natural else None, len(mine)))
    return sorted(rows, key=lambda row: -(row.movement or 0.0))


def _left(kept: Sequence[Answers], key: Key) -> float | None:
    """Share of choices of the left side: near a half unless a side is favoured."""
    given = [answer for each in kept for answer in each.answers if answer.trial in key.trials]
    return sum(answer.chosen == answer.left for answer in given) / len(given) if given else None


def _missing(path: Path) -> bytes:
    raise InputError(f"there is no {path}; give the key.json that `mebench study build` wrote.")
