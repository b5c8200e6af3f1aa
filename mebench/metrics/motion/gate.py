"""No motion, no score: the one gate of the motion family.

A still clip has no spill and no flicker, and noise has a perfect correlation with something now and then. So a clip
whose motion along the expression is not detected, or is not positive, gets the worst value in **every** motion metric:
:class:`MotionMetric` does it, and a metric of this family is a subclass that only says what to measure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.projection import Projection, project
from mebench.metrics.sample import Sample

LARGEST_OCTAVES = 4.0
"""|log2 gain| counts up to this: a gain below 1/16 or above 16 is as wrong as can be."""

SMALLEST_GAIN, LARGEST_GAIN = 1.0 / 16.0, 16.0

SMALLEST_PEAK = 0.05
"""Pixels: the least motion along the expression (peak displacement times gain) that is told from none. The estimator's
mean error on clean micro-motion is 0.02 px, and video codecs make the noise of a still clip creep by up to 0.05 px."""

SIGNIFICANCE = 5.0
"""How many standard errors the intensity curve must follow the reference's (at the best lag). Noise that is independent
from frame to frame reaches 5 in 25 of 10 000 clips of 14 frames and in 5 of 10 000 clips of 23 (simulated)."""

SMALLEST_SHARE = 0.02
"""Least share of the motion energy that lies along the expression. Of a field of noise about one part in 300 does (as
many patches move independently on a face); what a codec makes of noise creeps steadily, so that the course over time
alone does not betray it, but it has no more than this share where its gain is not small anyway."""


class MotionMetric(ABC):
    """A metric of the motion family. Subclasses give ``facts`` and ``measure``."""

    facts: MetricFacts

    def score(self, sample: Sample) -> float:
        """The measure of a clip that moves; the worst value of one that does not."""
        projection = sample.once(project)
        return self.measure(projection, sample) if moves(projection) else self.facts.worst

    @abstractmethod
    def measure(self, projection: Projection, sample: Sample) -> float:
        """The value of a clip whose motion along the expression is detected and positive."""


def moves(projection: Projection) -> bool:
    """Whether an output shows the expression at all: enough of it, in pixels too, and told from noise by its course
    over time and by its shape."""
    return (
        projection.gain > SMALLEST_GAIN
        and projection.gain * projection.peak >= SMALLEST_PEAK
        and projection.explained >= SMALLEST_SHARE
        and significance(projection) >= SIGNIFICANCE
    )


def significance(projection: Projection) -> float:
    """Largest t-value over all lags of the regression of the output's curve on the reference's, shifted by the lag.

    With an intercept, because noise in the onset frame shifts all other frames alike. The noise is estimated from the
    differences of successive residuals (Rice, Annals of Statistics 12, 1984), so that a slow misfit, such as another
    course of intensity, is not taken for noise. Lags keep the reference's peak inside the clip: motion that comes too
    early or too late is detected as motion, and judged by the timing metrics.
    """
    curve, course = projection.courses
    count, peak = len(curve), int(np.argmax(course))
    best = 0.0
    for lag in range(-peak, count - peak):
        template = _shifted(course, lag)
        template = template - template.mean()
        energy = float(template @ template)
        if count < 3 or energy == 0.0:
            continue
        slope = float(template @ curve) / energy
        residual = curve - curve.mean() - slope * template
        noise = float(np.sqrt(np.square(np.diff(residual)).sum() / (2.0 * (count - 1))))
        if slope > 0.0:
            best = max(best, slope * float(np.sqrt(energy)) / noise if noise > 0.0 else float("inf"))
    return best


def _shifted(curve: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """The curve later by ``lag`` frames, its end values continued."""
    return curve[np.clip(np.arange(len(curve)) - lag, 0, len(curve) - 1)]
