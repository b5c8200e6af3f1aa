"""Expression and pose coefficients of a face model, fitted to 68 landmarks.

Papers fit a 3DMM (Basel, FLAME) whose files may not travel; here the face model of the open set stands in: its neutral
face, 24 action-unit shapes as expression coefficients, and a rigid head under scaled orthography.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mebench.metrics.sample import Sample
from mebench.metrics.tracked import Points, output_points, reference_points

Floats = NDArray[np.float64]

DAMPING = 0.05
"""Weight of small coefficients, as a share of the mean squared motion of one shape."""

ROUNDS = 3
"""Pose and expression are fitted in turns; after three the angles move by less than 0.01 degrees."""

STEADY = (*range(27, 36), 36, 39, 42, 45)
"""Landmarks that expressions hardly move: the nose and the corners of the eyes. They start the pose."""


class FaceFit(NamedTuple):
    """expression: float64 ``[K,24]`` coefficients. angles: float64 ``[K,3]`` yaw, pitch and roll in degrees."""

    expression: Floats
    angles: Floats


def fit_faces(points: Points) -> FaceFit:
    """Fit the model to landmarks ``[K,68,2]`` in pixels, each frame by itself."""
    found = [_fit(frame) for frame in points]
    return FaceFit(np.stack([one for one, _ in found]), np.stack([other for _, other in found]))


def _fit(points: Floats) -> tuple[Floats, Floats]:
    neutral, shapes = _model()
    steady = list(STEADY)
    expression = np.zeros(len(shapes))
    rotation, scale, shift = _pose(neutral[steady], points[steady])
    for _ in range(ROUNDS):
        rows = scale * (shapes @ rotation[:2].T).reshape(len(shapes), -1)
        left = (points - scale * neutral @ rotation[:2].T - shift).ravel()
        normal = rows @ rows.T
        normal += DAMPING * np.trace(normal) / len(normal) * np.eye(len(normal))
        expression = np.linalg.solve(normal, rows @ left)
        rotation, scale, shift = _pose(neutral + np.tensordot(expression, shapes, axes=1), points)
    angles = Rotation.from_matrix(rotation).as_euler("yxz", degrees=True)
    return expression, np.asarray(angles)


def _pose(model: Floats, points: Floats) -> tuple[Floats, float, Floats]:
    """Rotation ``[3,3]``, scale and shift ``[2]`` of scaled orthography: least squares, then the nearest rotation."""
    middle, centre = model.mean(axis=0), points.mean(axis=0)
    affine, *_ = np.linalg.lstsq(model - middle, points - centre, rcond=None)
    first, second = affine.T
    scale = float((np.linalg.norm(first) + np.linalg.norm(second)) / 2.0)
    u, _, v = np.linalg.svd(affine.T / scale, full_matrices=False)
    top = u @ v
    rotation = np.vstack((top, np.cross(top[0], top[1])))
    return rotation, scale, centre - scale * middle @ top.T


@cache
def _model() -> tuple[Floats, Floats]:
    """The template's 68 points ``[68,3]`` and the motion of its action units ``[24,68,3]``, y down as in pictures."""
    from mebench.datasets.synme.expression import BLINK
    from mebench.datasets.synme.kit import load_kit

    kit = load_kit()
    flip = np.array([1.0, -1.0, -1.0])
    shapes = kit.action_units[: BLINK.start][:, kit.landmarks]
    return kit.vertices[kit.landmarks].astype(np.float64) * flip, shapes.astype(np.float64) * flip


def output_fit(sample: Sample) -> FaceFit | None:
    """The fit of the output's landmarks; None when the face is lost. Through ``sample.once``."""
    points = sample.once(output_points)
    return None if points is None else fit_faces(points)


def reference_fit(sample: Sample) -> FaceFit:
    """The fit of the reference's landmarks. Through ``sample.once_a_task``."""
    return fit_faces(sample.once_a_task(reference_points))
