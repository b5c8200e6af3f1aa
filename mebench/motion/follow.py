"""Landmarks followed from a reference frame: each frame is matched against the reference, so nothing drifts.

Lucas and Kanade, "An Iterative Image Registration Technique with an Application to Stereo Vision", IJCAI 1981, in the
pyramid of Bouguet (OpenCV).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.motion.flow import grey

ENLARGED = 2
"""The frames are enlarged before they are matched: the smallest window that is steady under sensor noise would
otherwise cover a third of a small face."""

WINDOW = 31
LEVELS = 3
_CRITERIA = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 20, 0.005)
_FLATTEST = 1e-5
"""Smallest eigenvalue of a window's gradients, so that cheeks are matched too."""

FARTHEST = 6.0
"""Pixels from the median displacement beyond which a match is taken for wrong: ordinary expressions stay below 4."""


def follow_points(reference: Pixels, frames: Pixels, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Displacement float32 ``[T,N,2]`` of points ``[N,2]`` from a reference uint8 ``[H,W,3]`` to frames ``[T,H,W,3]``.

    Pixels, x then y. A point that is lost, or farther than :data:`FARTHEST` from the median, moves with the median.
    """
    first = _seen(reference)
    start = ((points + 0.5) * ENLARGED - 0.5).astype(np.float32).reshape(-1, 1, 2)
    moved = np.empty((len(frames), *points.shape), np.float32)
    for index, frame in enumerate(frames):
        found, status, _ = cv2.calcOpticalFlowPyrLK(
            first,
            _seen(frame),
            start,
            None,
            winSize=(WINDOW, WINDOW),
            maxLevel=LEVELS,
            criteria=_CRITERIA,
            minEigThreshold=_FLATTEST,
        )
        step = (found - start).reshape(-1, 2) / ENLARGED
        known = status.ravel() == 1
        median = np.median(step[known], axis=0) if known.any() else np.zeros(2, np.float32)
        wrong = ~known | (np.abs(step - median).max(axis=1) > FARTHEST)
        moved[index] = np.where(wrong[:, None], median, step)
    return moved


def _seen(image: Pixels) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    size = (ENLARGED * width, ENLARGED * height)
    return np.asarray(cv2.resize(grey(image), size, interpolation=cv2.INTER_CUBIC), np.uint8)
