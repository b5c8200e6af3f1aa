"""When things move: onset-apex-offset curves, blinks and head drift at the native rate of a recording.

Durations follow the definition of a micro-expression, at most half a second (Yan et al., "How Fast are the Leaked
Facial Expressions", Journal of Nonverbal Behavior 37, 2013); ordinary expressions are slower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.draws import Draws

Curve = NDArray[np.float64]

LEAD_S = (0.03, 0.06)
"""Neutral time before the onset and after the offset, at least :data:`LEAST_LEAD` frames."""

LEAST_LEAD = 3
LEAST_SPAN = 8
"""Fewest frames from onset to offset."""

JITTER = 0.06
"""Largest shift of one action unit's times against the others, as a share of onset to offset."""

BLINK_CHANCE = 0.15
BLINK_S = (0.10, 0.25)
"""Duration of a blink (Caffier et al., European J. Applied Physiology 89, 2003: 0.1-0.4 s; the long ones left out)."""

BLINK_DISTANCE = 3
"""Frames between the apex and the nearest frame of a blink: two frames in between stay free of it."""

BLINK_SHARE = 3
"""A blink lasts at most one part in this many of the clip."""

DRIFT_S = 0.12
"""Time constant of head drift."""

DRIFT_SMOOTHING_S = 0.05
DRIFT_DEVIATION = (0.004, 0.004, 0.003, 0.006, 0.006, 0.006)
"""Stationary deviation of yaw, pitch, roll (rad) and of x, y, z (dm) at head factor 1."""


@dataclass(frozen=True)
class Span:
    """Frames of a clip. count: number of frames. onset, offset: frame indices of the common curve."""

    count: int
    onset: int
    offset: int


def draw_span(draws: Draws, fps: float, seconds: tuple[float, float]) -> Span:
    """Lead-in, expression and lead-out at ``fps``. seconds: range of the time from onset to offset."""
    lead_in, lead_out = (max(LEAST_LEAD, round(draws.uniform(*LEAD_S) * fps)) for _ in range(2))
    length = max(LEAST_SPAN, round(draws.uniform(*seconds) * fps))
    return Span(lead_in + length + 1 + lead_out, lead_in, lead_in + length)


def draw_curve(draws: Draws, span: Span, apex_share: float) -> Curve:
    """One action unit: a raised cosine up from onset to apex and down to offset, peak 1, float64 ``[T]``.

    Exactly 0 up to and at the onset and from the offset on. Its own onset, apex and offset are shifted inside the span
    by up to :data:`JITTER`, and the fall is warped in time by an exponent in [0.7, 1.2].
    """
    length = span.offset - span.onset
    start = span.onset + draws.uniform(0.0, JITTER) * length
    top = span.onset + (apex_share + draws.uniform(-JITTER, JITTER)) * length
    end = span.offset - draws.uniform(0.0, JITTER) * length
    exponent = draws.uniform(0.7, 1.2)
    curve = np.zeros(span.count)
    for frame in range(span.onset + 1, span.offset):
        if start < frame <= top:
            curve[frame] = 0.5 - 0.5 * math.cos(math.pi * (frame - start) / (top - start))
        elif top < frame < end:
            curve[frame] = 0.5 + 0.5 * math.cos(math.pi * ((frame - top) / (end - top)) ** exponent)
    return np.asarray(curve / max(curve.max(), 1e-12))


def draw_blink(draws: Draws, span: Span, apex: int, fps: float) -> NDArray[np.float32]:
    """Closing of both eyes, float32 ``[T,2]``, mostly zeros; a blink comes with probability :data:`BLINK_CHANCE`.

    It lies between onset and apex or between apex and the end of the clip, keeps :data:`BLINK_DISTANCE` from the apex
    and the eyes are open at the onset. Where the shortest blink does not fit there is none.
    """
    blink = np.zeros((span.count, 2), dtype=np.float32)
    wanted, seconds, before = draws.chance(BLINK_CHANCE), draws.uniform(*BLINK_S), draws.chance(0.5)
    place, depth = draws.uniform(), draws.uniform(0.9, 1.0)
    if not wanted:
        return blink
    windows = [(span.onset + 1, apex - BLINK_DISTANCE), (apex + BLINK_DISTANCE, span.count - 1)]
    for first, last in windows if before else windows[::-1]:
        length = min(round(seconds * fps), span.count // BLINK_SHARE, last - first + 1)
        if length >= max(3, round(BLINK_S[0] * fps)):
            start = first + int(place * (last - first + 2 - length))
            blink[start : start + length] = (depth * _closing(length))[:, None]
            break
    return blink


def _closing(length: int) -> Curve:
    """Lids close in a third of the time and open in the rest: float64 ``[length]``, above 0 everywhere, at most 1."""
    phase = (np.arange(length) + 1.0) / (length + 1.0)
    return np.asarray(np.where(phase < 1 / 3, np.sin(1.5 * np.pi * phase), np.cos(0.75 * np.pi * (phase - 1 / 3)))) ** 2


def draw_drift(draws: Draws, count: int, fps: float, factor: float) -> NDArray[np.float64]:
    """Head drift about the static pose: float64 ``[count,6]``; a smoothed Ornstein-Uhlenbeck process."""
    keep = math.exp(-1.0 / (DRIFT_S * fps))
    half = int(DRIFT_SMOOTHING_S * fps / 2)
    total = count + 2 * half
    kicks = draws.normals(total, 6)
    path = np.empty((total, 6))
    path[0] = kicks[0]
    for frame in range(1, total):
        path[frame] = keep * path[frame - 1] + math.sqrt(1.0 - keep * keep) * kicks[frame]
    smooth = np.stack([path[frame : frame + 2 * half + 1].mean(axis=0) for frame in range(count)])
    return np.asarray(smooth * np.array(DRIFT_DEVIATION) * factor)


def draw_exposure(draws: Draws, count: int, fps: float, flicker: float) -> NDArray[np.float32]:
    """Relative exposure, float32 ``[count]``: lamps at 100 Hz seen at ``fps``, and a slow drift of 0.2 %."""
    phase = draws.uniform(0.0, 2.0 * math.pi)
    keep = math.exp(-1.0 / (0.5 * fps))
    drift, values = draws.normal(), []
    for frame in range(count):
        values.append(1.0 + flicker * math.sin(2.0 * math.pi * 100.0 * frame / fps + phase) + 0.002 * drift)
        drift = keep * drift + math.sqrt(1.0 - keep * keep) * draws.normal()
    return np.array(values, dtype=np.float32)
