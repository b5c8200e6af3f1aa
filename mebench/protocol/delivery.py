"""At which frames a clip is delivered: every k-th, or at one rate common to all clips, counted from the onset.

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


def deliver(clip: Clip, max_fps: float | None, common_fps: float | None = None) -> Delivery:
    """Choose the frames of ``clip``. :class:`InputError` when no frame is left between onset and apex or after it.

    common_fps: instead of every k-th frame, the recorded frame nearest to each tick of this rate. No frame is blended or
    repeated; a clip that was recorded more slowly is refused.
    """
    if common_fps is not None:
        return _at_common_rate(clip, common_fps)
    step = stride(clip.fps, max_fps)
    frames = tuple(range(clip.onset % step, clip.frames.count, step))
    onset = clip.onset // step
    last = len(frames) - 1
    apex = min(max(onset + 1, onset + _nearest(clip.apex - clip.onset, step)), last)
    offset = min(max(apex, onset + _nearest(clip.offset - clip.onset, step)), last)
    _check(clip, onset, apex, f"at every {step}. frame")
    return Delivery(frames, clip.fps / step, onset, apex, offset)


def _at_common_rate(clip: Clip, rate: float) -> Delivery:
    """Tick j stands at frame ``onset + j fps / rate``; halves round up."""
    step = clip.fps / rate
    if step < 1.0 - 1e-9:
        raise InputError(
            f"the clip '{clip.key}' was recorded at {clip.fps:g} frames a second, fewer than the common {rate:g}; "
            "lower common_fps in the protocol."
        )
    before = math.floor((clip.onset + 0.5) / step - 1e-9)
    frames = []
    tick = -before
    while (frame := clip.onset + math.floor(tick * step + 0.5)) < clip.frames.count:
        if frame >= 0:
            frames.append(frame)
        tick += 1
    onset = frames.index(clip.onset)
    last = len(frames) - 1
    apex = min(max(onset + 1, onset + round((clip.apex - clip.onset) / step)), last)
    offset = min(max(apex, onset + round((clip.offset - clip.onset) / step)), last)
    _check(clip, onset, apex, f"at {rate:g} frames a second")
    return Delivery(tuple(frames), rate, onset, apex, offset)


def _check(clip: Clip, onset: int, apex: int, how: str) -> None:
    if not onset < apex or clip.apex <= clip.onset:
        raise InputError(
            f"the clip '{clip.key}' has {clip.frames.count} frames, onset {clip.onset} and apex {clip.apex}: "
            f"too short to be delivered {how}."
        )


def _nearest(frames: int, step: int) -> int:
    return (2 * frames + step) // (2 * step)
