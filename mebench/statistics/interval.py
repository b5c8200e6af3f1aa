"""A mean with its interval, and how both follow from a variance and degrees of freedom."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over clips with a confidence interval.

    mean: None when there are no values. standard_error, low, high, degrees: None when no interval can be given;
    ``reason`` then says why. degrees: of freedom of Student's t. count: number of values.
    clusters: number of independent units, one entry an axis (subjects; or driving subjects and source identities).
    """

    mean: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    degrees: int | None
    count: int
    clusters: tuple[int, ...]
    confidence: float = CONFIDENCE
    reason: str | None = None

    @property
    def p_value(self) -> float | None:
        """Two-sided p of the hypothesis that the mean is 0 (Student's t); None without an interval."""
        if self.mean is None or self.standard_error is None or self.degrees is None:
            return None
        if self.standard_error == 0.0:
            return 1.0 if self.mean == 0.0 else 0.0
        return float(2.0 * stats.t.sf(abs(self.mean) / self.standard_error, self.degrees))


def student(
    mean: float, variance: float, degrees: int, count: int, clusters: tuple[int, ...], confidence: float
) -> Interval:
    """``mean -+ t(degrees) sqrt(variance)``."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"the confidence must lie between 0 and 1, not {confidence}")
    error = float(np.sqrt(max(variance, 0.0)))
    half = float(stats.t.ppf(0.5 + confidence / 2.0, degrees)) * error
    return Interval(mean, error, mean - half, mean + half, degrees, count, clusters, confidence)


def unavailable(mean: float | None, count: int, clusters: tuple[int, ...], confidence: float, reason: str) -> Interval:
    """A mean (or none) whose interval cannot be given, with the reason."""
    return Interval(mean, None, None, None, None, count, clusters, confidence, reason)


def checked(values: ArrayLike, *labels: Sequence[Hashable]) -> tuple[NDArray[np.float64], list[NDArray[np.int64]]]:
    """Values as float64 ``[N]`` and labels as running numbers ``[N]``, in order of first appearance.

    ValueError for other shapes, unequal lengths and values that are not finite: missing clips are the caller's to drop.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or any(len(axis) != len(array) for axis in labels):
        raise ValueError("values and cluster labels must be one-dimensional and equally long")
    if not np.isfinite(array).all():
        raise ValueError("values must be finite; drop missing clips first and report how many they are")
    return array, [numbered(axis) for axis in labels]


def numbered(labels: Sequence[Hashable]) -> NDArray[np.int64]:
    """Equal labels get equal numbers, counted from 0 in order of first appearance: int64 ``[N]``."""
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(label, len(seen)) for label in labels], dtype=np.int64)


def cluster_variance(residuals: NDArray[np.float64], cluster: NDArray[np.int64]) -> float:
    """Variance of a mean when whole clusters are the independent units.

    ``G/(G-1) sum_g (sum_{i in g} r_i)^2 / N^2`` over the G clusters, r the residuals from the mean. Liang and Zeger,
    Biometrika 73(1), 1986; the factor as in Cameron, Gelbach and Miller, JBES 29(2), 2011. Infinite for one cluster.
    """
    sums = np.bincount(cluster, weights=residuals)
    groups = len(sums)
    if groups < 2:
        return float("inf")
    return float(groups / (groups - 1) * (sums**2).sum() / len(residuals) ** 2)
