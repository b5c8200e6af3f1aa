"""A displacement field of one face carried to another by landmarks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

from mebench.motion.align import fit_affine
from mebench.motion.flow import Flow
from mebench.motion.similarity import similarity

Points = NDArray[np.float32]


class Correspondence:
    """Where each pixel of face A lies on face B, from landmarks that both share.

    own, other: float32 ``[N,2]`` points of faces A and B in pixels, x then y.
    size, other_size: (height, width) of the two images.
    Inside the mesh the map is piecewise linear; displacements are turned and scaled by the similarity.
    """

    def __init__(self, own: Points, other: Points, size: tuple[int, int], other_size: tuple[int, int]) -> None:
        self._size = size
        self._turn = similarity(other, own)
        hull = cv2.convexHull(own).reshape(-1, 2)
        span = float(np.sqrt(cv2.contourArea(hull)))
        inside = np.zeros(size, dtype=np.uint8)
        cv2.fillConvexPoly(inside, np.round(hull).astype(np.int32), 255)
        self._face = _fade_inwards(inside, 0.05 * span)
        self._head = _fade_outwards(inside, 0.35 * span, 0.35 * span)
        y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
        self._grid = np.stack((x, y), axis=-1)
        mapped = LinearNDInterpolator(own, other, fill_value=np.nan)(self._grid).astype(np.float32)
        outside = np.isnan(mapped[..., 0])
        mapped[outside] = similarity(own, other).apply(self._grid[outside])
        self._there = mapped
        there = np.zeros(other_size, dtype=np.uint8)
        cv2.fillConvexPoly(there, np.round(cv2.convexHull(other).reshape(-1, 2)).astype(np.int32), 255)
        self._other_face = there > 0

    def displacement(self, flow: Flow) -> Flow:
        """The field ``flow`` of face B (``[h,w,2]``, pixels) as a field of face A: ``[H,W,2]``, pixels.

        The affine part fades out around the head, the rest ends at the edge of the face.
        """
        affine = fit_affine(flow, self._other_face)
        expression = flow - affine.field(*flow.shape[:2])
        there_x, there_y = self._there[..., 0], self._there[..., 1]
        carried = cv2.remap(expression, there_x, there_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        head = affine.displacement(self._there)
        moved = carried * self._face[..., None] + head * self._head[..., None]
        return np.asarray(self._turn.rotate(moved), dtype=np.float32)

    def deviation(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """How a field of face B (``[h,w]``) deviates from its median there, brought to face A: float32 ``[H,W]``. Ends at
        the edge of the face."""
        own = values - np.median(values[self._other_face])
        there_x, there_y = self._there[..., 0], self._there[..., 1]
        carried = cv2.remap(own, there_x, there_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(carried * self._face, dtype=np.float32)


def _fade_inwards(mask: NDArray[np.uint8], width: float) -> NDArray[np.float32]:
    return np.clip(cv2.distanceTransform(mask, cv2.DIST_L2, 5) / max(width, 1.0), 0.0, 1.0).astype(np.float32)


def _fade_outwards(mask: NDArray[np.uint8], start: float, width: float) -> NDArray[np.float32]:
    away = cv2.distanceTransform(255 - mask, cv2.DIST_L2, 5)
    return np.clip(1.0 - (away - start) / max(width, 1.0), 0.0, 1.0).astype(np.float32)
