"""The 18 facial points, and the map that draws the detector's eye to them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.motion.landmarks import IBUG68, face_mesh

COUNT = 18
SIZE = 256
"""Side in pixels of the images on which the points are given."""

SIGMA = 0.75

_LANDMARKS = (19, 24, 27, 38, 41, 43, 46, 48, 54, 55, 57, 59)
_SHIFTED = ((31, -0.5, 0.0), (35, 0.5, 0.0), (41, 0.0, 0.5), (46, 0.0, 0.5), (48, -0.5, 0.0), (54, 0.5, 0.0))
"""Landmark, and how far it is shifted in x and y, in distances of the inner eye corners."""

_INNER_CORNERS = (39, 42)

TEMPLATE: NDArray[np.float32] = np.array(
    [
        *((71, 36), (181, 42), (129, 65), (90, 63), (78, 72), (165, 65), (177, 73), (93, 168), (175, 165)),
        *((162, 169), (137, 173), (111, 172), (84, 134), (183, 133), (78, 98), (177, 99), (67, 168), (201, 165)),
    ],
    dtype=np.float32,
)
"""The published points (x, y) for a picture in which no face is found."""

MIRROR = (1, 0, 2, 5, 6, 3, 4, 8, 7, 11, 10, 9, 13, 12, 15, 14, 17, 16)
"""The point that takes each one's place in a mirrored face."""


def facial_points(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """From 68 landmarks in the iBUG order ``[...,68,2]`` (x, y) to the 18 points ``[...,18,2]``.

    Brows, bridge of the nose, lids, mouth corners, lower lip, and six points on the cheeks.
    """
    first, second = _INNER_CORNERS
    apart = landmarks[..., second, 0] - landmarks[..., first, 0]
    cheeks = [
        landmarks[..., index, :] + np.stack((across * apart, down * apart), axis=-1) for index, across, down in _SHIFTED
    ]
    chosen = [landmarks[..., index, :] for index in _LANDMARKS]
    points: NDArray[np.float32] = np.stack([*chosen, *cheeks], axis=-2).astype(np.float32)
    return points


def points_of(image: Pixels) -> NDArray[np.float32]:
    """The points of the largest face in a picture uint8 ``[256,256,3]``, or the template when none is found.

    The published code takes the landmarks of dlib; here they are those of the 468-point mesh that correspond to the
    same places, which ships with mebench and puts no terms on its use.
    """
    try:
        return facial_points(face_mesh(image).points[list(IBUG68)])
    except InputError:
        return np.array(TEMPLATE)


def prior_map(points: torch.Tensor, size: int = SIZE, side: int = SIZE // 4, sigma: float = SIGMA) -> torch.Tensor:
    """The facial prior of points ``[B,18,2]`` (x, y, pixels of an image of ``size``): float32 ``[B,1,side,side]`` in [0,1].

    ``g = exp(-sqrt(|dr| + |dc|) / (2 sigma^2))`` for each point with 1-based rows and columns (the square root of an L1
    distance), divided by its maximum, cut to 0 below its mean, summed over the points and divided by the maximum.
    """
    where = points.to(torch.float64) * (side / size)
    cells = torch.arange(1, side + 1, dtype=torch.float64, device=points.device)
    down = (cells - where[..., 1:]).abs()
    across = (cells - where[..., :1]).abs()
    distance = down[..., :, None] + across[..., None, :]
    each = torch.exp(-torch.sqrt(distance) / (2.0 * sigma**2))
    each = each / each.amax(dim=(-2, -1), keepdim=True)
    each = torch.where(each < each.mean(dim=(-2, -1), keepdim=True), torch.zeros_like(each), each)
    total = each.sum(dim=1, keepdim=True)
    return (total / total.amax(dim=(-2, -1), keepdim=True)).to(torch.float32)


def normalised(points: torch.Tensor, size: int = SIZE) -> torch.Tensor:
    """Pixels to the network's coordinates, as published: ``2 p / size - 1``."""
    return points * (2.0 / size) - 1.0
