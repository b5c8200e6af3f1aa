"""When the expression of the output is strongest, against when it should be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample

SMOOTHING = 0.1
"""Width (sigma) of the Gaussian that smooths the intensity curves, in times from onset to offset, but at least one
frame. With the open set's sensor noise the error of a noisy copy of the truth is then 1 ms, without smoothing 8 ms."""

STEP_MS = 0.5
"""Time grid on which the apex is looked for."""

LONGEST_MS = 500.0
"""The longest micro-expression (Yan et al., Journal of Nonverbal Behavior 37, 2013): a larger error is not worse."""


class ApexError(MotionMetric):
    """``|t_apex(output) - t_apex(reference)|`` in ms, the apex being the maximum of the smoothed intensity curve."""

    facts = MetricFacts(
        name="apex_error",
        version=1,
        family="motion",
        unit="ms",
        direction="lower",
        ceiling=0.0,
        floor=LONGEST_MS,
        worst=LONGEST_MS,
        networks=(),
        summary="Time between the strongest moments of output and reference.",
        source="maximum of the smoothed projected intensity curve, docs/metrics.md; flow: dis-fine",
        decimals=1,
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 500 ms."""
        times = projection.judged.astype(np.float64) * (1000.0 / sample.fps)
        width = max(SMOOTHING * (sample.offset - sample.onset), 1.0) * 1000.0 / sample.fps
        output, reference = (apex_time(course, times, width) for course in projection.courses)
        return min(LONGEST_MS, abs(output - reference))


def apex_time(curve: NDArray[np.float64], times: NDArray[np.float64], width: float) -> float:
    """Time of the maximum of a curve ``[K]`` at ``times`` (ms), smoothed by kernel regression (Nadaraya-Watson) with a
    Gaussian of ``width`` ms."""
    grid = np.arange(times[0], times[-1] + STEP_MS, STEP_MS)
    weights = np.exp(-0.5 * ((grid[:, None] - times) / width) ** 2)
    return float(grid[int(np.argmax(weights @ curve / weights.sum(axis=1)))])


METRIC = ApexError()
