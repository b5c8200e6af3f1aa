"""A distance between the made and the real clips with everything that a reader needs beside it: an interval, a p-value,
and what two halves of the real set are apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.statistics.distances import Distance, Evaluate, Vectors
from mebench.statistics.interval import CONFIDENCE, numbered

DRAWS = 999
"""Draws of the bootstrap and of the permutation test; the smallest p-value is 1/1000."""

SPLITS = 20
"""Random halves of the real set whose distances are averaged."""

ROUNDING = 1e-9
"""Swaps that differ from the value by less are ties."""

FEWEST_SUBJECTS = 4
"""On each side: halves need two."""


@dataclass(frozen=True)
class SetScore:
    """The distance of two sets. value: over all clips. low, high: basic bootstrap over subjects.

    p_value: of the hypothesis that made and real clips are exchangeable, subjects being swapped as a whole.
    floor: mean distance of two random halves of the real set (by subject); value_at_floor: of made clips of one half from
    the real clips of the other, the number to hold against ``floor``, since some distances depend on the size.
    made, real: numbers of clips. subjects: of both sides together. reason: why there is no value.
    """

    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    floor: float | None
    value_at_floor: float | None
    made: int
    real: int
    subjects: int
    reason: str | None = None

    def scaled(self, factor: float) -> SetScore:
        """The same in another unit: distances times ``factor``."""
        names = ("value", "low", "high", "floor", "value_at_floor")
        values: dict[str, Any] = {
            name: None if (old := getattr(self, name)) is None else factor * old for name in names
        }
        return replace(self, **values)


def set_score(
    made: Vectors,
    real: Vectors,
    made_subjects: Sequence[Hashable],
    real_subjects: Sequence[Hashable],
    distance: Distance,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> SetScore:
    """Compare ``made`` ``[N,D]`` with ``real`` ``[M,D]``; the labels say whose clip each row is.

    A label that occurs on both sides is one subject. Deterministic: the draws come from ``seed`` alone.
    """
    counts = (len(made), len(real))
    if counts[0] != counts[1]:
        reason = f"the sets differ in size ({counts[0]} made, {counts[1]} real): failed clips change the distance."
        return SetScore(None, None, None, None, None, None, *counts, 0, reason)
    if not (np.isfinite(made).all() and np.isfinite(real).all()):
        return SetScore(None, None, None, None, None, None, *counts, 0, "a clip has features that are no numbers.")
    subject = numbered([*made_subjects, *real_subjects])
    is_real = np.arange(sum(counts)) >= counts[0]
    fewest = min((len(np.unique(subject[side])) for side in (is_real, ~is_real)), default=0)
    total = len(np.unique(subject))
    if fewest < FEWEST_SUBJECTS:
        reason = f"a distance of sets needs {FEWEST_SUBJECTS} subjects on each side; one side has {fewest}."
        return SetScore(None, None, None, None, None, None, *counts, total, reason)
    rows = np.concatenate((made, real)).astype(np.float64)
    evaluate = distance(rows, subject, is_real)
    w, v = (~is_real).astype(np.float64), is_real.astype(np.float64)
    value = evaluate(w, v)
    rng = np.random.default_rng(seed)
    low, high = _bootstrap(evaluate, w, v, subject, value, confidence, rng)
    floor, at_floor = _halves(evaluate, w, v, subject, rng)
    p_value = _permutation(evaluate, w, v, subject, value, rng)
    return SetScore(value, low, high, p_value, floor, at_floor, *counts, total)


def _bootstrap(
    evaluate: Evaluate,
    w: Vectors,
    v: Vectors,
    subject: NDArray[np.int64],
    value: float,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Basic interval: subjects of both sides, of the made side alone and of the real side alone are drawn as strata."""
    drawn = _draws(w, v, subject, rng)
    values = np.array([found for _ in range(DRAWS) if np.isfinite(found := evaluate(*drawn()))])
    tail = (1.0 - confidence) / 2.0
    upper, lower = np.quantile(values, [1.0 - tail, tail])
    return float(2.0 * value - upper), float(2.0 * value - lower)


def _draws(
    w: Vectors, v: Vectors, subject: NDArray[np.int64], rng: np.random.Generator
) -> Callable[[], tuple[Vectors, Vectors]]:
    strata = [np.flatnonzero(kind) for kind in _kinds(w, v, subject)]

    def draw() -> tuple[Vectors, Vectors]:
        times = np.zeros(int(subject.max()) + 1)
        for members in strata:
            if len(members):
                times[members] = rng.multinomial(len(members), np.full(len(members), 1.0 / len(members)))
        return w * times[subject], v * times[subject]

    return draw


def _kinds(w: Vectors, v: Vectors, subject: NDArray[np.int64]) -> tuple[NDArray[np.bool_], ...]:
    """Subjects on both sides, on the made side alone, on the real side alone: bool ``[S]`` each."""
    made, real = np.bincount(subject, w) > 0.0, np.bincount(subject, v) > 0.0
    return made & real, made & ~real, real & ~made


def _permutation(
    evaluate: Evaluate, w: Vectors, v: Vectors, subject: NDArray[np.int64], value: float, rng: np.random.Generator
) -> float:
    """Share of swaps at least as far apart. Subjects of both sides change sides or not; the others are dealt anew."""
    both, made, real = _kinds(w, v, subject)
    single = np.flatnonzero(made | real)
    hits = 1
    for _ in range(DRAWS):
        swapped = both & (rng.random(len(both)) < 0.5)
        dealt = rng.permutation(made[single])
        swapped[single] = dealt != made[single]
        change = swapped[subject]
        hits += evaluate(np.where(change, v, w), np.where(change, w, v)) >= value - ROUNDING * max(1.0, abs(value))
    return hits / (DRAWS + 1)


def _halves(
    evaluate: Evaluate, w: Vectors, v: Vectors, subject: NDArray[np.int64], rng: np.random.Generator
) -> tuple[float, float]:
    """Mean distance of real halves, and of a made half from the other real half."""
    owners = np.flatnonzero(np.bincount(subject, v) > 0.0)
    real, mixed = [], []
    for _ in range(SPLITS):
        first = np.zeros(int(subject.max()) + 1, dtype=bool)
        first[rng.permutation(owners)[: len(owners) // 2]] = True
        others = np.setdiff1d(np.arange(len(first)), owners)
        first[rng.permutation(others)[: len(others) // 2]] = True
        one, other = first[subject].astype(np.float64), (~first[subject]).astype(np.float64)
        real.append(evaluate(v * one, v * other))
        mixed.append(evaluate(w * one, v * other))
    return float(np.mean(real)), float(np.mean(mixed))
