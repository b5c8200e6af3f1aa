"""The mean shape of a face, on which the motion of two people can be compared.

468 points of the mesh, the mean of rendered faces of the open set's train people, by generalised Procrustes analysis;
measured by ``benchmarks/mean_face.py``. A shape is in inter-ocular distances: the eyes level, their middle at the origin.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import Delaunay

from mebench.motion.flow import Flow
from mebench.motion.landmarks import IBUG68
from mebench.motion.similarity import similarity

FILE = Path(__file__).with_name("mean_face.json")

INTER_OCULAR = 60.0
"""Pixels between the eyes of the mean face: about what a face has at the scoring size of 256, so that limits in pixels mean
there what they mean here."""

STEP = 2.0
"""Pixels of the mean face from one sample to the next: flow estimators are smoother than that."""

EYES = (slice(36, 42), slice(42, 48))
AROUND_EYES = 0.15
"""Inter-ocular distances. Samples nearer to an opening of the eyes are left out: a blink moves the lids by ten times as
much as a micro-expression moves anything, and where there is no true answer blinks are not known."""

Points = NDArray[np.float32]


def mean_face() -> Points:
    """float32 ``[468,2]``, inter-ocular distances, x then y."""
    return _solid()[:, :2]


@cache
def _solid() -> NDArray[np.float32]:
    """float32 ``[468,3]``, inter-ocular distances: x, y and depth, nearer is less."""
    return np.array(json.loads(FILE.read_text("utf-8"))["points"], dtype=np.float32)


class OnMeanFace:
    """A face whose motion is carried to the mean face. points: its mesh, float32 ``[468,2]``, pixels of its picture.

    The N samples are every second pixel of the mean face in both directions, inside the mesh and away from the eyes. Their
    map to the face is piecewise linear; displacements are turned and scaled by the similarity of the two shapes.
    """

    def __init__(self, points: Points) -> None:
        triangles, samples = _samples()
        self._turn = similarity(points, INTER_OCULAR * mean_face()).linear
        self.positions: Points = LinearNDInterpolator(triangles, points)(samples).astype(np.float32)
        """Where the samples lie on this face: float32 ``[N,2]``, pixels."""

    def at_samples(self, flows: Flow) -> NDArray[np.float64]:
        """Flow ``[T,H,W,2]`` of this face where the samples lie on it: float64 ``[T,N,2]``, still in its own pixels."""
        x, y = self.positions[:, None, 0], self.positions[:, None, 1]
        how = {"interpolation": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REPLICATE}
        return np.stack([cv2.remap(flow, x, y, **how)[:, 0] for flow in flows]).astype(np.float64)

    def turned(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacements ``[...,2]`` of this face as those of the mean face, in its pixels."""
        return np.asarray(displacements @ self._turn.T)


@cache
def turning() -> NDArray[np.float64]:
    """Motions of the samples of the mean face that are a turn of the head: orthonormal, ``[2N,8]``, all x, then all y.

    To the first order a solid that turns, shifts and comes nearer moves by an affine motion and by multiples of its depth
    across and down.
    """
    triangles, samples = _samples()
    depth = LinearNDInterpolator(triangles, INTER_OCULAR * _solid()[:, 2])(samples)
    plane, _ = np.linalg.qr(np.column_stack((np.ones(len(samples)), samples, depth)))
    return np.kron(np.eye(2), plane)


@cache
def _samples() -> tuple[Delaunay, NDArray[np.float64]]:
    """The mesh of the mean face in its pixels, as triangles, and the samples in it, ``[N,2]``."""
    points = INTER_OCULAR * mean_face().astype(np.float64)
    triangles = Delaunay(points)
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = np.meshgrid(np.arange(low[0], high[0], STEP), np.arange(low[1], high[1], STEP))
    grid = np.stack((x.ravel(), y.ravel()), axis=1)
    inside = grid[triangles.find_simplex(grid) >= 0]
    near = np.zeros(len(inside), dtype=bool)
    for ring in EYES:
        eye = cv2.convexHull(points[list(IBUG68)][ring].astype(np.float32))
        depth = [cv2.pointPolygonTest(eye, (float(a), float(b)), True) for a, b in inside]
        near |= np.array(depth) > -AROUND_EYES * INTER_OCULAR
    return triangles, inside[~near]
