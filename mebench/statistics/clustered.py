"""The mean over clips with an interval that knows that clips of one subject are alike."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from numpy.typing import ArrayLike

from mebench.statistics.interval import CONFIDENCE, Interval, checked, cluster_variance, student, unavailable


def clustered_mean(values: ArrayLike, subjects: Sequence[Hashable], confidence: float = CONFIDENCE) -> Interval:
    """Mean of ``values`` ``[N]``, standard error clustered by subject, Student's t on S - 1 degrees of freedom.

    Treating clips as independent makes a nominal 95 % interval cover 57 to 72 % when clips of a subject correlate by
    0.3; this one stays at its level. Miller, "Adding Error Bars to Evals", arXiv 2411.00640. With one subject
    (or no value) the interval is not available, and the reason says so.
    """
    array, (subject,) = checked(values, subjects)
    if not len(array):
        return unavailable(None, 0, (0,), confidence, "there is no value.")
    mean, groups = float(array.mean()), int(subject.max()) + 1
    if groups < 2:
        return unavailable(mean, len(array), (1,), confidence, "all clips are of one subject; an interval needs two.")
    variance = cluster_variance(array - mean, subject)
    return student(mean, variance, groups - 1, len(array), (groups,), confidence)
