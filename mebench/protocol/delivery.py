"""At which frames a clip is delivered: every k-th, counted from the onset.

The onset frame is the reference of all motion, so it is always delivered. The apex and the offset move to the nearest
delivered frame, at most k/2 recorded frames away. Everything that is known of each frame (the truth, its flow, its
landmarks) is taken at the same frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mebench.clip import Clip
from mebench.errors import InputError


@dataclass(frozen=True)
class Delivery:
    """frames: indices of the recorded frames, in order. fps: delivered frames a second.
    onset, apex, offset: indices in ``frames``, ``onset < apex <= offset``."""

    frames: tuple[int, ...]
    fps: float
    onset: int
    apex: int
    offset: int


def stride(fps: float, max_fps: float | None) -> int:
    """The least k >= 1 with ``fps / k <= max_fps``.

    >>> stride(200, 30), stride(60, 30), stride(25, 30), stride(200, None)
    (7, 2, 1, 1)
    """
    # 1e-9 keeps 29.97 / 29.97 at 1 when the quotient is a rounding error above it.
    return 1 if max_fps is None else max(1, math.ceil(fps / max_fps - 1e-9))


def deliver(clip: Clip, max_fps: float | None) -> Delivery:
    """Choose the frames of ``clip``. :class:`InputError` when no frame is left between onset and apex or after it."""
    step = stride(clip.fps, max_fps)
    frames = tuple(range(clip.onset % step, clip.frames.count, step))
    onset = clip.onset // step
    last = len(frames) - 1
    apex = min(max(onset + 1, onset + _nearest(clip.apex - clip.onset, step)), last)
    offset = min(max(apex, onset + _nearest(clip.offset - clip.onset, step)), last)
    if not onset < apex or clip.apex <= clip.onset:
        raise InputError(
            f"the clip '{clip.key}' has {clip.frames.count} frames, onset {clip.onset} and apex {clip.apex}: "
            f"too short to be delivered at every {step}. frame."
        )
    return Delivery(frames, clip.fps / step, onset, apex, offset)


def _nearest(frames: int, step: int) -> int:
    return (2 * frames + step) // (2 * step)
