"""Spearman's rank correlation with the interval of Bonett and Wright, and how many points it takes to say anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

LEAST = 8
"""Fewest points for an interval: with 8 a correlation of 0.8 is told from none at 95 %, with 7 it is not."""


@dataclass(frozen=True)
class RankCorrelation:
    """rho: None with fewer than three points or where one side has no order. low, high: None with fewer than
    :data:`LEAST` points; then nothing is known yet."""

    points: int
    rho: float | None
    low: float | None
    high: float | None


def rank_correlation(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> RankCorrelation:
    """Of two equally long lists of finite numbers.

    Interval: tanh(atanh(rho) -+ z sqrt((1 + rho^2 / 2) / (n - 3))) (Bonett and Wright, Psychometrika 65, 2000, eq. 5). A
    perfect order counts there as if two neighbours were swapped, 1 - 12 / (n (n^2 - 1)); its far end is 1.

    >>> rank_correlation([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 4, 3, 6, 5, 8, 7]).rho
    0.9047619047619048
    """
    count = len(first)
    if len(second) != count:
        raise ValueError("both lists need one number for each point")
    if count < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return RankCorrelation(count, None, None, None)
    rho = float(stats.spearmanr(first, second).statistic)
    low, high = interval(rho, count, confidence) if count >= LEAST else (None, None)
    return RankCorrelation(count, rho, low, high)


def interval(rho: float, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Of a rank correlation ``rho`` between ``count`` > 3 points.

    >>> interval(0.8, LEAST)[0] > 0 > interval(0.8, LEAST - 1)[0]
    True
    """
    most = 1.0 - 12.0 / (count * (count * count - 1.0))
    counted = min(max(rho, -most), most)
    width = float(stats.norm.ppf(0.5 + confidence / 2)) * math.sqrt((1.0 + counted * counted / 2.0) / (count - 3))
    ends = math.tanh(math.atanh(counted) - width), math.tanh(math.atanh(counted) + width)
    return (ends[0], 1.0) if rho > most else (-1.0, ends[1]) if rho < -most else ends
