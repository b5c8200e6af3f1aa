"""The camera and the head's rigid motion.

Frame of reference: decimetres, y up, z towards the viewer, +x = the subject's left (right side of the image).
The camera sits at ``(0, EYE_HEIGHT, distance)`` and looks along -z; its focal length grows with the distance, so that a
face has the same size in every recording and only the perspective changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]

AIM_HEIGHT = 7.12
"""Height of the optical axis in dm: nose bridge of the template, so that forehead and chin both fit."""

FOCAL_PER_SIZE = 0.355
"""Focal length in frame sizes per dm of distance: an inter-ocular distance of 60-63 px in a frame of 256 px."""

NECK_PIVOT = (0.0, 6.3, 0.1)
"""Centre of head rotation in dm: the joint between skull and spine."""

NECK_BLEND = (5.7, 6.7)
"""Heights in dm between which the neck goes over from resting (shoulders) to following the head."""


@dataclass(frozen=True)
class Camera:
    """A perspective camera. distance: dm from the origin of z. size: frame width and height in pixels."""

    distance: float
    size: int

    def project(self, vertices: Floats) -> tuple[Floats, Floats]:
        """Pixels and inverse depth of points.

        vertices: float32 ``[V,3]`` in dm. Returns float32 ``[V,2]`` (x, y; pixel centres at integers) and float32
        ``[V]``, 1 / (distance - z) in 1/dm, larger is nearer.
        """
        inverse = 1.0 / (self.distance - vertices[:, 2].astype(np.float64))
        focal = FOCAL_PER_SIZE * self.size * self.distance
        pixels = np.empty((len(vertices), 2), np.float64)
        pixels[:, 0] = self.size / 2 - 0.5 + focal * vertices[:, 0] * inverse
        pixels[:, 1] = self.size / 2 - 0.5 - focal * (vertices[:, 1] - AIM_HEIGHT) * inverse
        return pixels.astype(np.float32), inverse.astype(np.float32)


def follow_weight(height: Floats) -> Floats:
    """How far a point at rest height ``height`` [V] (dm) follows the head: 0 at the shoulders, 1 on the head."""
    low, high = NECK_BLEND
    t = np.clip((height - low) / (high - low), 0.0, 1.0)
    return (t * t * (3.0 - 2.0 * t)).astype(np.float32)


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Rotation matrix [3,3]: roll about z, then pitch about x, then yaw about y; angles in rad.

    Positive yaw turns the face to the subject's left, positive pitch lowers it, positive roll tips the head to
    the subject's right.
    """
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_y @ about_x @ about_z)


def move_head(vertices: Floats, weight: Floats, pose: Floats) -> Floats:
    """Rotate about the neck and translate: float32 ``[V,3]``.

    weight: ``[V]`` from :func:`follow_weight` of the rest shape. pose: ``[6]`` yaw, pitch, roll (rad), x, y, z (dm).
    """
    pose = np.asarray(pose, np.float64)
    pivot = np.asarray(NECK_PIVOT)
    turned = (vertices - pivot) @ rotation(*pose[:3]).T
    return _blend(vertices, weight, turned, pivot, pose[3:])


@njit(cache=True)
def _blend(
    vertices: Floats,
    weight: Floats,
    turned: NDArray[np.float64],
    pivot: NDArray[np.float64],
    shift: NDArray[np.float64],
) -> Floats:
    """Between where points are and where ``turned`` [V,3] about ``pivot`` and shifted they would be, in float64."""
    out = np.empty(vertices.shape, np.float32)
    for i in range(len(vertices)):
        share = np.float64(weight[i])
        for k in range(3):
            point = np.float64(vertices[i, k])
            moved = turned[i, k] + pivot[k] + shift[k]
            out[i, k] = point + share * (moved - point)
    return out
