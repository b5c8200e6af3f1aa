"""The mean over a crossed design: driving subjects times source identities."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from numpy.typing import ArrayLike

from mebench.statistics.interval import CONFIDENCE, Interval, checked, cluster_variance, numbered, student, unavailable


def two_way_mean(
    values: ArrayLike,
    drivers: Sequence[Hashable],
    sources: Sequence[Hashable],
    confidence: float = CONFIDENCE,
) -> Interval:
    """Mean of ``values`` ``[N]`` where clips share a driving subject, a source identity, or both.

    ``V = max(Vs + Vt - Vst, Vs, Vt)``: the cluster variances by driver, by source and by pair, each with its G/(G-1);
    Student's t on min(S, T) - 1 degrees of freedom. Cameron, Gelbach and Miller, JBES 29(2), 2011; the maximum
    and the degrees of freedom as in MacKinnon, Nielsen and Webb, arXiv 2406.08880. With one driver or one source the
    interval is not available. Clustering by driver alone would cover 51 to 86 % as soon as sources matter.
    """
    array, (driver, source) = checked(values, drivers, sources)
    if not len(array):
        return unavailable(None, 0, (0, 0), confidence, "there is no value.")
    mean = float(array.mean())
    clusters = (int(driver.max()) + 1, int(source.max()) + 1)
    if min(clusters) < 2:
        axis = "driving subject" if clusters[0] < 2 else "source identity"
        reason = f"all clips have one {axis}; an interval needs two of each."
        return unavailable(mean, len(array), clusters, confidence, reason)
    residuals = array - mean
    by_driver, by_source = cluster_variance(residuals, driver), cluster_variance(residuals, source)
    pair = numbered(list(zip(driver.tolist(), source.tolist(), strict=True)))
    variance = max(by_driver + by_source - cluster_variance(residuals, pair), by_driver, by_source)
    return student(mean, variance, min(clusters) - 1, len(array), clusters, confidence)
