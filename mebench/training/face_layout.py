"""The mean face of the training frames: where key points are anchored, and where losses count more."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mebench.training.face_pairs import SIZE, FrameStore

FACE_WEIGHT = 4.0
FACE_BLUR = 15.0
BROW_MARGIN = 2.5
"""Losses count four times inside the mean face (hull of the mean landmarks with the brows moved up), blurred, in pixels
of the small frame; 15 px is the full width of the transition, three standard deviations to each side."""


def mean_layout(store: FrameStore, identities: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean iBUG landmarks ``[68,2]`` of the identities' first frames, in pixels of the small frame, made symmetric."""
    first = (store.order == 0) & np.isin(store.identity, identities)
    mean = store.landmarks[first].mean(0)
    mirrored = mean[MIRROR] * (-1, 1) + (SIZE - 1, 0)
    return np.asarray((mean + mirrored) / 2, np.float32)


def _mirrored_landmarks() -> NDArray[np.int64]:
    jaw, brows, bridge, nostrils = range(16, -1, -1), range(26, 16, -1), range(27, 31), range(35, 30, -1)
    right_eye, left_eye = (45, 44, 43, 42, 47, 46), (39, 38, 37, 36, 41, 40)
    outer_lips = (*range(54, 47, -1), *range(59, 54, -1))
    inner_lips = (*range(64, 59, -1), *range(67, 64, -1))
    return np.array([*jaw, *brows, *bridge, *nostrils, *right_eye, *left_eye, *outer_lips, *inner_lips])


MIRROR = _mirrored_landmarks()
"""The iBUG landmark that takes each one's place in a mirrored face."""


def anchors(mean: NDArray[np.float32]) -> torch.Tensor:
    """Where 24 key points start, ``[24,2]`` in [-1,1]: points and means of points of the mean layout.

    No landmark of a single image is used. Order: brows (6), lids (4), nose (4), mouth (4), chin, forehead, cheeks (4).
    """
    lids = [mean[[37, 38]].mean(0), mean[[40, 41]].mean(0), mean[[43, 44]].mean(0), mean[[46, 47]].mean(0)]
    cheeks = [
        mean[[36, 31, 4]].mean(0),
        mean[[45, 35, 12]].mean(0),
        mean[[31, 48, 4]].mean(0),
        mean[[35, 54, 12]].mean(0),
    ]
    forehead = 2 * mean[[21, 22]].mean(0) - mean[28]
    points = [
        *mean[[18, 19, 21, 22, 24, 25]],
        *lids,
        *mean[[27, 30, 31, 35]],
        *mean[[48, 54]],
        mean[[51, 62]].mean(0),
        mean[[57, 66]].mean(0),
        mean[[8, 57]].mean(0),
        forehead,
        *cheeks,
    ]
    return torch.from_numpy(np.stack(points) * (2 / (SIZE - 1)) - 1).float()


def face_weight(mean: NDArray[np.float32]) -> torch.Tensor:
    """Loss weight ``[1,1,S,S]`` with mean 1."""
    outline = mean.copy()
    outline[17:27, 1] -= BROW_MARGIN
    hull = cv2.convexHull(outline.astype(np.float32)).astype(np.int32)
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillConvexPoly(mask, hull, 1.0)
    weight = 1 + (FACE_WEIGHT - 1) * gaussian_filter(mask, FACE_BLUR / 6)
    return torch.from_numpy((weight / weight.mean()).astype(np.float32))[None, None]
