"""Differences between two methods: always paired clip by clip, always clustered."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from mebench.statistics.clustered import clustered_mean
from mebench.statistics.interval import CONFIDENCE, Interval
from mebench.statistics.two_way import two_way_mean


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    drivers: Sequence[Hashable],
    sources: Sequence[Hashable] | None = None,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Mean of ``first - second`` ``[N]``, entry i of both being the same clip; its ``p_value`` tests for no difference.

    Clustered by ``drivers`` alone where sources and drivers are the same people (``sources`` None), else two-way.
    Pairing by clip without clustering gives 29 % false wins at a nominal 5 %. Miller, arXiv 2411.00640.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError("the two methods must be scored on the same clips in the same order")
    if sources is None:
        return clustered_mean(a - b, drivers, confidence)
    return two_way_mean(a - b, drivers, sources, confidence)
