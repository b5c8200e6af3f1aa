"""How many clips, subjects and sources are needed to tell two methods apart, before anybody spends the time.

The paired difference of two methods on a clip is taken as ``d = delta + driver + source + clip``: three independent
parts whose variances can be read from a run (:func:`components`) or given. The mean's standard error follows, and with
Student's t the chance to find a difference of a given size.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from mebench.statistics.interval import CONFIDENCE, checked

MOST_SUBJECTS = 2000


@dataclass(frozen=True)
class Components:
    """Variances of a paired difference: between driving subjects, between source identities, and of single clips."""

    driver: float
    source: float
    clip: float

    @property
    def total(self) -> float:
        """Variance of one clip."""
        return self.driver + self.source + self.clip


@dataclass(frozen=True)
class Design:
    """drivers: driving subjects. clips: of each driving subject. sources: identities; each clip is played by one of them
    in turn. None: sources and drivers are the same people."""

    drivers: int
    clips: int
    sources: int | None = None


def components(values: ArrayLike, drivers: Sequence[Hashable], sources: Sequence[Hashable] | None = None) -> Components:
    """Variances of paired differences ``[N]`` by moments: products of clips that share a driver, or a source only.

    Negative estimates count as 0.
    """
    array, axes = checked(values, drivers, *([] if sources is None else [sources]))
    rest = array - array.mean()
    product = np.outer(rest, rest)
    same_driver = axes[0][:, None] == axes[0]
    same_source = axes[1][:, None] == axes[1] if sources is not None else np.zeros_like(same_driver)
    other = ~np.eye(len(array), dtype=bool)

    def mean(pairs: NDArray[np.bool_]) -> float:
        return max(0.0, float(product[pairs].mean())) if pairs.any() else 0.0

    driver, source = mean(same_driver & ~same_source & other), mean(same_source & ~same_driver)
    total = float(rest @ rest) / max(1, len(rest) - 1)
    return Components(driver, source, max(0.0, total - driver - source))


def standard_error(parts: Components, design: Design) -> float:
    """Of the mean difference over a design."""
    variance = parts.driver / design.drivers + parts.clip / (design.drivers * design.clips)
    if design.sources is not None:
        variance += parts.source / design.sources
    return float(np.sqrt(variance))


def power(difference: float, parts: Components, design: Design, confidence: float = CONFIDENCE) -> float:
    """Chance that a true mean ``difference`` is found (two-sided t test of the clustered or two-way interval)."""
    smallest = design.drivers if design.sources is None else min(design.drivers, design.sources)
    if smallest < 2:
        return 0.0
    error = standard_error(parts, design)
    if error == 0.0:
        return 1.0 if difference else 1.0 - confidence
    degrees = smallest - 1
    limit = float(stats.t.ppf(0.5 + confidence / 2.0, degrees))
    shift = abs(difference) / error
    upper, lower = stats.nct.sf(limit, degrees, shift), stats.nct.cdf(-limit, degrees, shift)
    return min(1.0, float(np.nan_to_num(upper, nan=1.0) + np.nan_to_num(lower, nan=0.0)))  # far out nct gives nan


def smallest_difference(
    parts: Components, design: Design, wanted: float = 0.8, confidence: float = CONFIDENCE
) -> float | None:
    """The difference that is found with the chance ``wanted``; None for designs with one subject."""
    if power(1e12, parts, design, confidence) < wanted:
        return None
    low, high = 0.0, 20.0 * float(np.sqrt(max(parts.total, 1e-12)))
    while power(high, parts, design, confidence) < wanted:
        high *= 2.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (low, middle) if power(middle, parts, design, confidence) >= wanted else (middle, high)
    return high


def drivers_needed(
    difference: float,
    parts: Components,
    clips: int,
    sources: int | None = None,
    wanted: float = 0.8,
    confidence: float = CONFIDENCE,
) -> int | None:
    """The fewest driving subjects that find ``difference`` with the chance ``wanted``; None if 2000 do not."""

    def enough(count: int) -> bool:
        return power(difference, parts, Design(count, clips, sources), confidence) >= wanted

    if not enough(MOST_SUBJECTS):
        return None
    low, high = 1, MOST_SUBJECTS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
