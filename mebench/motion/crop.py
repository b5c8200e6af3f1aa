"""The framing of the open set for any picture or clip: eyes level, at one place, at one distance.

One crop, taken from one frame, is used for a whole clip, so that the motion of the head stays in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.motion.landmarks import FACE_OVAL, FaceMesh, eye_centres, face_mesh, inter_ocular

SIZE = 256
EYE_DISTANCE = 61.9 / 256
"""Inter-ocular distance over the side: the open set's camera at 13 dm, 0.355 * 13 / (13 - 1.245) * 0.6155."""
EYE_MIDDLE = (0.5, 0.5 - 16.5 / 256)
"""Place of the middle between the eyes over the side, from left and top: the same camera looks 1.64 cm lower."""

FEWEST_PIXELS = 12.0
"""Inter-ocular distance in pixels below which a face is refused: it would be enlarged more than five times."""

_FEW_PIXELS = 40.0
"""Inter-ocular distance below which a note says how much the face is enlarged (one and a half times or more)."""

_MUCH_OUTSIDE, _EDGE_TOUCHED, _MOSTLY_HIDDEN = 0.2, 0.15, 0.5
"""Shares of the crop's area outside the picture, and of the face's outline, that are worth a note, a note, an error."""


@dataclass(frozen=True)
class Crop:
    """matrix: similarity ``[2,3]`` from picture to crop pixels, centres at integers. size: side of the crop.
    inter_ocular: in pixels of the picture. mesh: the face it was made for. notes: sentences worth showing to people."""

    matrix: NDArray[np.float64]
    size: int
    inter_ocular: float
    mesh: FaceMesh
    notes: tuple[str, ...]

    @property
    def scale(self) -> float:
        """Crop pixels to a picture pixel."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    def points(self) -> NDArray[np.float32]:
        """The face mesh ``[468,2]`` in pixels of the crop."""
        moved: NDArray[np.float64] = self.mesh.points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return moved.astype(np.float32)

    def apply(self, frames: Pixels) -> Pixels:
        """Cut uint8 ``[T,H,W,3]`` or ``[H,W,3]``: the same with ``size`` pixels a side. Outside the picture its edge is
        repeated. Bicubic; a picture that shrinks is sampled several times a pixel and averaged, so nothing aliases."""
        if frames.ndim == 3:
            return self._cut(frames)
        return np.stack([self._cut(frame) for frame in frames])

    def _cut(self, frame: Pixels) -> Pixels:
        several = max(1, ceil(1.0 / self.scale - 1e-6))
        fine = self.matrix * several
        fine[:, 2] += (several - 1) / 2.0
        side = self.size * several
        cut = cv2.warpAffine(frame, fine, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        if several > 1:
            cut = cv2.resize(cut, (self.size, self.size), interpolation=cv2.INTER_AREA)
        return np.asarray(cut, dtype=np.uint8)


def face_crop(image: Pixels, name: str = "the picture", size: int = SIZE) -> Crop:
    """The standard crop around the largest face of a picture uint8 ``[H,W,3]`` RGB.

    Raises :class:`InputError`, naming the picture (``name``), when there is no face, or one of few pixels, or most of
    it lies outside. Several faces, a strong enlargement and a face at the edge are told in ``notes``.
    """
    mesh = face_mesh(image, name)
    right, left = eye_centres(mesh.points).astype(np.float64)
    distance = inter_ocular(mesh.points)
    if distance < FEWEST_PIXELS:
        raise InputError(
            f"the face in {name} is too small: {distance:.0f} pixels between the eyes, at least {FEWEST_PIXELS:.0f} "
            "are needed; give a larger picture."
        )
    if _cut_off(image, mesh) > _MOSTLY_HIDDEN:
        raise InputError(f"most of the face lies outside {name}; give a picture that shows it whole.")
    scale = EYE_DISTANCE * size / distance
    angle = np.arctan2(*(left - right)[::-1])
    linear = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    target = np.array(EYE_MIDDLE) * size - 0.5
    matrix = np.column_stack((linear, target - linear @ ((left + right) / 2.0)))
    return Crop(matrix, size, distance, mesh, tuple(_notes(image, mesh, matrix, size, name)))


def _cut_off(image: Pixels, mesh: FaceMesh) -> float:
    """Share of the face's outline that lies outside the picture, 0 to 1."""
    height, width = image.shape[:2]
    outline = mesh.points[FACE_OVAL, :]
    beyond = (outline < -0.5) | (outline > np.array([width, height]) - 0.5)
    return float(beyond.any(axis=1).mean())


def _notes(image: Pixels, mesh: FaceMesh, matrix: NDArray[np.float64], size: int, name: str) -> list[str]:
    height, width = image.shape[:2]
    distance = inter_ocular(mesh.points)
    notes = []
    if mesh.faces > 1:
        notes.append(f"{name} shows {mesh.faces} faces; the largest is used.")
    if _cut_off(image, mesh) > _EDGE_TOUCHED:
        notes.append(f"the face in {name} is cut off by the edge of the picture.")
    outside = 1.0 - float(cv2.warpAffine(np.ones((height, width), np.float32), matrix, (size, size)).mean())
    if outside > _MUCH_OUTSIDE:
        notes.append(
            f"{outside:.0%} of the crop lies outside {name} and repeats its edge; a wider picture looks better."
        )
    if distance < _FEW_PIXELS:
        times = EYE_DISTANCE * size / distance
        notes.append(f"{name} is enlarged {times:.1f} times ({distance:.0f} pixels between the eyes).")
    return notes
