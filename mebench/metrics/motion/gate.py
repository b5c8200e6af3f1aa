"""No motion, no score: the one gate of the motion family.

A still clip has no spill and no flicker, and noise has a perfect correlation with something now and then. So a clip
whose motion along the expression is not detected, or is not positive, gets the worst value in **every** motion metric:
:class:`MotionMetric` does it, and a metric of this family is a subclass that only says what to measure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.projection import Projection, project
from mebench.metrics.sample import Sample

LARGEST_OCTAVES = 4.0
"""|log2 gain| counts up to this: a gain below 1/16 or above 16 is as wrong as can be."""

SMALLEST_GAIN, LARGEST_GAIN = 1.0 / 16.0, 16.0

SMALLEST_PEAK = 0.05
"""Pixels: the least motion along the expression (peak displacement times gain) that is told from none. The estimator's
mean error on clean micro-motion is 0.02 px, and video codecs make the noise of a still clip creep by up to 0.05 px."""

SMALLEST_SHARE, PLAIN_SHARE = 0.02, 0.1
"""Share of the motion energy along the expression that is needed at least, and that is enough by itself. Stills of the
open set with fresh sensor noise, through JPEG or H.264, that pass the two limits above by chance reach 0.018 (96
trials); the largest share of any of them is 0.06, at a gain below 1/16."""

CHANCE = 3e-4
"""Below the plain share the course over time must also follow the reference's, with this chance of error at one lag.
Over all lags, one in a thousand clips of noise that is independent from frame to frame does (simulated, 6 to 50
frames)."""


class MotionMetric(ABC):
    """A metric of the motion family. Subclasses give ``facts`` and ``measure``."""

    facts: MetricFacts

    def score(self, sample: Sample) -> float:
        """The measure of a clip that moves; the worst value of one that does not."""
        projection = self.seen(sample)
        return self.measure(projection, sample) if projection is not None and moves(projection) else self.facts.worst

    def seen(self, sample: Sample) -> Projection | None:
        """The output's motion seen through the reference's; None where the output shows no face."""
        return sample.once(project)

    @abstractmethod
    def measure(self, projection: Projection, sample: Sample) -> float:
        """The value of a clip whose motion along the expression is detected and positive."""


def moves(projection: Projection) -> bool:
    """Whether an output shows the expression at all: enough of it, in pixels too, and told from noise by its shape or
    by its course over time."""
    return (
        projection.gain > SMALLEST_GAIN
        and projection.gain * projection.peak >= SMALLEST_PEAK
        and projection.explained >= SMALLEST_SHARE
        and (projection.explained >= PLAIN_SHARE or chance(*projection.courses) <= CHANCE)
    )


def chance(output: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Smallest p-value, over all lags, of the regression of the output's course ``[K]`` on the lagged reference's.

    With an intercept, because noise in the onset frame shifts all other frames alike. The noise is estimated from the
    differences of successive residuals (Rice, Annals of Statistics 12, 1984; about 2/3 of the residuals' degrees of
    freedom), so that a slow misfit, such as another course of intensity, is not taken for noise. Lags keep the
    reference's peak inside the clip: motion that comes too early or too late is detected as motion, and judged by the
    timing metrics. 1 for fewer than four frames.
    """
    count, peak = len(output), int(np.argmax(reference))
    if count < 4:
        return 1.0
    best = 0.0
    for lag in range(-peak, count - peak):
        template = _lagged(reference, lag)
        template = template - template.mean()
        energy = float(template @ template)
        slope = float(template @ output) / energy if energy > 0.0 else 0.0
        if slope > 0.0:
            rest = output - output.mean() - slope * template
            noise = float(np.sqrt(np.square(np.diff(rest)).sum() / (2.0 * (count - 1))))
            best = max(best, slope * float(np.sqrt(energy)) / noise if noise > 0.0 else float("inf"))
    return float(stats.t.sf(best, 2.0 * (count - 2) / 3.0))


def _lagged(course: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """The course later by ``lag`` frames, its end values continued."""
    return course[np.clip(np.arange(len(course)) - lag, 0, len(course) - 1)]
