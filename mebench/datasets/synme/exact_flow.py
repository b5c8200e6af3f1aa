"""Exact optical flow between two states of one face, from the mesh.

The surface point seen at a pixel of the first state is a triangle and three barycentric weights. The same weights on
the moved triangle give the point in the second state; projected, its displacement is the flow, without any estimation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mebench.clip import ExactFlow

Floats = NDArray[np.float32]

TOLERANCE_DM = 0.02
"""A surface less than 2 mm in front counts as the same: neighbouring triangles of a curved skin, not an occluder."""


class Projector(Protocol):
    """The part of a renderer that flow needs (see ``renderer.FaceRenderer``)."""

    triangles: NDArray[np.int32]

    def project(self, vertices: Floats) -> tuple[Floats, Floats]: ...
    def surface(self, vertices: Floats) -> tuple[NDArray[np.int32], Floats]: ...


@dataclass(frozen=True)
class Seen:
    """What a state of the face shows: vertices float32 ``[V,3]`` posed, triangle int32 ``[S,S]`` (-1: background) and
    barycentrics float32 ``[S,S,3]`` of each pixel; pixels float32 ``[V,2]`` and inverse depth float32 ``[V]``."""

    vertices: Floats
    triangle: NDArray[np.int32]
    barycentrics: Floats
    pixels: Floats
    inverse_depth: Floats


def look(projector: Projector, vertices: Floats) -> Seen:
    """Rasterise one state."""
    pixels, inverse_depth = projector.project(vertices)
    triangle, barycentrics = projector.surface(vertices)
    return Seen(vertices, triangle, barycentrics, pixels, inverse_depth)


def exact_flow(projector: Projector, first: Seen, second: Seen, on_face: NDArray[np.bool_]) -> ExactFlow:
    """Displacement from ``first`` to ``second`` on the grid of ``first``, NaN where its pixel is not on the face.

    on_face: bool ``[F]``, the triangles that count as face. ``valid`` is true where the point is still the front-most
    surface in the second state and inside the frame.
    """
    size = first.triangle.shape[0]
    inside = (first.triangle >= 0) & on_face[first.triangle]
    rows, columns = np.nonzero(inside)
    face = first.triangle[rows, columns]
    corners = projector.triangles[face]
    weights = first.barycentrics[rows, columns].astype(np.float64)
    start = _pixels(projector, first.vertices, corners, weights)
    end = _pixels(projector, second.vertices, corners, weights)
    displacement = np.full((size, size, 2), np.nan, dtype=np.float32)
    displacement[rows, columns] = end - start
    valid = np.zeros((size, size), dtype=bool)
    valid[rows, columns] = _front_most(projector, second, face, corners, end)
    return ExactFlow(displacement, valid)


def _pixels(
    projector: Projector, vertices: Floats, corners: NDArray[np.int32], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    points = np.einsum("nk,nkc->nc", weights, vertices[corners].astype(np.float64))
    return projector.project(points)[0].astype(np.float64)


def _front_most(
    projector: Projector, seen: Seen, face: NDArray[np.int32], corners: NDArray[np.int32], pixels: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether each point of triangle ``face`` at ``pixels`` is the surface that the frame shows there.

    The depth of the front-most surface is known at pixel centres. There the plane of the point's own triangle is
    continued (inverse depth is linear on the screen) and compared.
    """
    size = seen.triangle.shape[0]
    nearest = np.rint(pixels).astype(np.int64)
    visible = ((nearest >= 0) & (nearest < size)).all(axis=1)
    column, row = np.clip(nearest, 0, size - 1).T
    front = seen.triangle[row, column]
    own = seen.pixels[corners].astype(np.float64)
    inverse = seen.inverse_depth[corners].astype(np.float64)
    area = _cross(own[:, 1] - own[:, 0], own[:, 2] - own[:, 0])
    centre = np.stack((column, row), axis=1).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        b = _cross(centre - own[:, 0], own[:, 2] - own[:, 0]) / area
        c = _cross(own[:, 1] - own[:, 0], centre - own[:, 0]) / area
        expected = inverse[:, 0] + b * (inverse[:, 1] - inverse[:, 0]) + c * (inverse[:, 2] - inverse[:, 0])
    hidden_by = np.maximum(front, 0)
    front_corners = projector.triangles[hidden_by]
    weights = seen.barycentrics[row, column].astype(np.float64)
    depth = (weights / seen.inverse_depth[front_corners]).sum(axis=1)
    ahead = 1.0 / expected - depth
    facing = area < 0
    return np.asarray(visible & facing & ((front == face) | ((front >= 0) & (ahead < TOLERANCE_DM))))


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
