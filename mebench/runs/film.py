"""Clips side by side in one video, each under its title, slowed so that an eye can follow."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np

from mebench.clip import Pixels

SHOWN_FPS = 25.0
"""Frames a second at which people watch: a clip of a faster camera is slowed by a whole number."""

_BAR = 26
_BACK, _INK = (24, 24, 24), (235, 235, 235)


def slowdown(fps: float) -> int:
    """How many times slower a clip of ``fps`` is shown; no frame is left out.

    >>> slowdown(25), slowdown(30), slowdown(200)
    (1, 2, 8)
    """
    return max(1, ceil(fps / SHOWN_FPS - 1e-9))


def side_by_side(panels: dict[str, Pixels], fps: float) -> tuple[Pixels, float]:
    """Panels from left to right, each ``title: uint8 [T,S,S,3]`` or a still ``[S,S,3]``, with the time below.

    Gives uint8 ``[T,S+2*26,N*S,3]`` and the rate at which to show it.
    """
    count = max(len(clip) for clip in panels.values() if clip.ndim == 4)
    side = next(iter(panels.values())).shape[-2]
    slow = slowdown(fps)
    height, width = side + 2 * _BAR, side * len(panels)
    film = np.empty((count, height, width, 3), dtype=np.uint8)
    film[:] = _BACK
    top = np.empty((_BAR, width, 3), dtype=np.uint8)
    top[:] = _BACK
    for index, title in enumerate(panels):
        _write(top, title, index * side + 6)
    for frame in range(count):
        film[frame, :_BAR] = top
        for index, clip in enumerate(panels.values()):
            film[frame, _BAR : _BAR + side, index * side : (index + 1) * side] = clip[frame] if clip.ndim == 4 else clip
        speed = f", shown {slow} times slower" if slow > 1 else ""
        _write(film[frame, _BAR + side :], f"frame {frame}, {1000.0 * frame / fps:.0f} ms{speed}", 6)
    return film, fps / slow


def _write(bar: Pixels, text: str, left: int) -> None:
    cv2.putText(bar, text, (left, _BAR - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
