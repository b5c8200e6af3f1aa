"""The 669 landmarks of the published model: which of them do what, and the boxes around mouth and eyes.

Their detector was never published, and no list of anatomical names; what is known is the edge table and these places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COUNT = 669

SELECTED = (
    *(521, 505, 338, 398, 347, 35, 191, 30, 32, 207, 630, 629, 319, 4, 541, 61, 637, 660, 638, 587),
    *(273, 590, 269, 432, 118, 327, 12, 373, 58, 619, 466, 469, 464, 308, 152, 305, 150, 411, 635, 634),
    *(564, 250, 443, 129, 364, 322, 49, 7, 361, 105, 434, 120, 500, 186, 575, 261, 636, 74),
)
"""The 58 landmarks that the network also gets as numbers, in its order."""

EYES = ((1, 2, 3, 4), (5, 6, 7, 8))
MOUTH = (14, 15, 56, 57)
"""Places among the 58: left and right end (x), top and bottom (y), of each eye and of the mouth."""

EYE_CORNERS = ((SELECTED[1], SELECTED[2]), (SELECTED[5], SELECTED[6]))
"""The two corners of each eye among the 669."""

_EYE_MARGIN, _MOUTH_MARGIN = 3, 5
"""Pixels by which the boxes are larger than their points."""


@dataclass(frozen=True)
class Boxes:
    """eyes, mouth: uint8 ``[S,S]``, one inside the box."""

    eyes: NDArray[np.uint8]
    mouth: NDArray[np.uint8]


def selected(points: NDArray[np.floating]) -> NDArray[np.float32]:
    """The 58 landmarks ``[...,58,2]`` in [-1,1] of all ``[...,669,2]`` in [0,1]."""
    return np.asarray(points[..., SELECTED, :] * 2 - 1, np.float32)


def boxes(points: NDArray[np.float32], height: int, width: int) -> Boxes:
    """The boxes of the 58 landmarks ``[58,2]`` in [-1,1]: both ends included, clipped at the image."""
    eyes = np.zeros((height, width), np.uint8)
    for eye in EYES:
        _fill(eyes, points, eye, _EYE_MARGIN)
    mouth = np.zeros((height, width), np.uint8)
    _fill(mouth, points, MOUTH, _MOUTH_MARGIN)
    return Boxes(eyes, mouth)


def _fill(mask: NDArray[np.uint8], points: NDArray[np.float32], ends: tuple[int, ...], margin: int) -> None:
    height, width = mask.shape
    left, right = (int((points[end, 0] + 1) * width / 2) for end in ends[:2])
    top, bottom = (int((points[end, 1] + 1) * height / 2) for end in ends[2:])
    rows = slice(max(top - margin, 0), max(bottom + margin + 1, 0))
    mask[rows, max(left - margin, 0) : max(right + margin + 1, 0)] = 1
