"""By how much the whole expression comes too early or too late."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.course import LONGEST_MS, clock
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample

STEP_MS = 1.0
EQUAL = 1e-9
"""Correlations that differ by less are equal; the smaller shift counts."""


class Lag(MotionMetric):
    """``|argmax_s corr(c_out(t), c_ref(t - s))|`` in ms: the shift of the reference's course that fits the output's
    best."""

    facts = MetricFacts(
        name="lag",
        version=1,
        family="motion",
        unit="ms",
        direction="lower",
        ceiling=0.0,
        floor=LONGEST_MS,
        worst=LONGEST_MS,
        networks=(),
        summary="Shift in time at which the output's intensity follows the reference's best, early or late.",
        source="maximum of the cross-correlation of projected intensity curves; flow: dis-fine",
        decimals=1,
        step=STEP_MS,
        traps=("One shift for the whole clip: an expression that is stretched in time may read 0.",),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 500 ms."""
        times, _ = clock(projection, sample)
        return abs(best_shift(*projection.courses, times))


def best_shift(output: NDArray[np.float64], reference: NDArray[np.float64], times: NDArray[np.float64]) -> float:
    """The shift in ms (positive: the output is late) by which the reference's course ``[K]``, its end values continued,
    correlates best with the output's. The reference's peak stays inside the clip."""
    peak = times[int(np.argmax(reference))]
    first, last = max(-LONGEST_MS, times[0] - peak), min(LONGEST_MS, times[-1] - peak)
    shifts = np.arange(np.ceil(first / STEP_MS), np.floor(last / STEP_MS) + 1.0) * STEP_MS
    moved = np.interp(times - shifts[:, None], times, reference)
    moved -= moved.mean(axis=1, keepdims=True)
    length = np.linalg.norm(moved, axis=1)
    fit = np.where(length > 0.0, moved @ (output - output.mean()) / np.maximum(length, np.finfo(float).tiny), -np.inf)
    best = shifts[fit >= fit.max() - EQUAL * abs(fit.max())]
    return float(best[np.argmin(np.abs(best))])


METRIC = Lag()
