"""When an expression starts, peaks and ends, read from its intensity curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample

Curve = NDArray[np.float64]

SMOOTHING = 0.1
"""Width (sigma) of the Gaussian that smooths the intensity curves, in times from onset to offset, but at least one
frame. With the open set's sensor noise the apex error of a noisy copy of the truth is then 1 ms, without smoothing
8 ms."""

STEP_MS = 0.5
"""Time grid on which moments are looked for."""

LONGEST_MS = 500.0
"""The longest micro-expression (Yan et al., Journal of Nonverbal Behavior 37, 2013): a larger error is not worse."""

SHOWN = 0.25
"""An expression lasts while its course is above a quarter of the way from its lowest to its highest value. Lower levels
are nearer to the annotated onset, and in the noise: at 1 px a tenth is hidden by the estimator's error."""


@dataclass(frozen=True)
class Moments:
    """onset, apex, offset: ms from the start of the clip. The expression is shown from onset to offset."""

    onset: float
    apex: float
    offset: float


def moments(curve: Curve, times: Curve, width: float) -> Moments:
    """Onset, apex and offset of a course ``[K]`` at ``times`` (ms), smoothed with a Gaussian of ``width`` ms.

    The apex is the maximum; onset and offset are where the course around it rises above and falls below
    :data:`SHOWN`. A course that is cut off begins or ends with the clip.
    """
    grid, smooth = smoothed(curve, times, width)
    peak = int(np.argmax(smooth))
    low = float(smooth.min())
    hidden = smooth < low + SHOWN * (float(smooth[peak]) - low)
    before, after = np.flatnonzero(hidden[:peak]), np.flatnonzero(hidden[peak:])
    first = int(before[-1]) + 1 if len(before) else 0
    last = peak + int(after[0]) - 1 if len(after) else len(grid) - 1
    return Moments(float(grid[first]), float(grid[peak]), float(grid[last]))


def smoothed(curve: Curve, times: Curve, width: float) -> tuple[Curve, Curve]:
    """A fine time grid and the course on it, by kernel regression (Nadaraya-Watson) with a Gaussian of ``width`` ms."""
    grid = np.arange(times[0], times[-1] + STEP_MS, STEP_MS)
    weights = np.exp(-0.5 * ((grid[:, None] - times) / width) ** 2)
    return grid, np.asarray(weights @ curve / weights.sum(axis=1))


def clock(projection: Projection, sample: Sample) -> tuple[Curve, float]:
    """Times of the judged frames in ms ``[K]``, and the smoothing width in ms."""
    frame = 1000.0 / sample.fps
    return projection.judged.astype(np.float64) * frame, max(SMOOTHING * (sample.offset - sample.onset), 1.0) * frame


def both_moments(projection: Projection, sample: Sample) -> tuple[Moments, Moments]:
    """Moments of the output and of the reference."""
    times, width = clock(projection, sample)
    output, reference = (moments(course, times, width) for course in projection.courses)
    return output, reference
