"""Where the face is in a frame, as far as motion needs it: a mask and the distance between the eyes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.errors import InputError
from mebench.motion.landmarks import face_mesh, inter_ocular, oval_mask

_FADE = 0.25
"""Width of the soft edge in inter-ocular distances: half an eye's width, so that a lip or brow is not cut."""

_CENTRAL = (0.5, 0.53, 0.27, 0.34)
"""Centre (x, y) and half axes (x, y) of the face as fractions of a frame that is cropped to a head, and the
inter-ocular distance as a fraction of its width: the proportions of the open set's frames, kept for where no
landmarks are found."""
_CENTRAL_INTER_OCULAR = 0.24


@dataclass(frozen=True, eq=False)
class FaceRegion:
    """mask: bool ``[H,W]``, the skin of the face. inter_ocular: distance between the centres of the eyes, pixels."""

    mask: NDArray[np.bool_]
    inter_ocular: float

    @property
    def weight(self) -> NDArray[np.float32]:
        """1 inside the mask, falling to 0 over a quarter of the inter-ocular distance around it: float32 ``[H,W]``."""
        width = max(_FADE * self.inter_ocular, 1.0)
        away = cv2.distanceTransform((~self.mask).astype(np.uint8), cv2.DIST_L2, 5)
        ramp = np.clip(1.0 - away / width, 0.0, 1.0)
        return np.asarray(ramp * ramp * (3.0 - 2.0 * ramp), dtype=np.float32)


def central_region(height: int, width: int) -> FaceRegion:
    """The ellipse that a face fills in a frame cropped to a head, for frames in which no face is found."""
    x, y, half_x, half_y = _CENTRAL
    row, column = np.mgrid[0:height, 0:width]
    inside = ((column / width - x) / half_x) ** 2 + ((row / height - y) / half_y) ** 2 <= 1.0
    return FaceRegion(inside, _CENTRAL_INTER_OCULAR * width)


def region_from_points(
    outline: NDArray[np.float32], eyes: tuple[NDArray[np.float32], NDArray[np.float32]], size: tuple[int, int]
) -> FaceRegion:
    """The convex hull of landmarks.

    outline: float32 ``[N,2]`` pixels, all points of the face, forehead included. eyes: centres of both eyes ``[2]``.
    size: (height, width) of the frame.
    """
    mask = np.zeros(size, dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.rint(cv2.convexHull(outline.astype(np.float32))).astype(np.int32), 1)
    return FaceRegion(mask.astype(bool), float(np.hypot(*(eyes[0] - eyes[1]))))


def face_region(frame: NDArray[np.uint8]) -> FaceRegion:
    """The face in a frame uint8 ``[H,W,3]``, RGB, by its 468-point mesh; the central ellipse where none is found."""
    try:
        points = face_mesh(frame).points
    except InputError:
        return central_region(*frame.shape[:2])
    return FaceRegion(oval_mask(points, *frame.shape[:2]), inter_ocular(points))
