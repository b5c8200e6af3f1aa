"""Exact optical flow between two states of one face, from the mesh.

The surface point seen at a pixel of the first state is a triangle and three barycentric weights. The same weights on
the moved triangle give the point in the second state; projected, its displacement is the flow, without any estimation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numba import njit
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


class FlowFrom:
    """Exact flow from one state of a face to others; what depends on the first alone is worked out once.

    on_face: bool ``[F]``, the triangles that count as face.
    """

    def __init__(self, projector: Projector, first: Seen, on_face: NDArray[np.bool_]) -> None:
        self._projector = projector
        self._size = first.triangle.shape[0]
        self._rows, self._columns = np.nonzero((first.triangle >= 0) & on_face[first.triangle])
        self._face = first.triangle[self._rows, self._columns]
        self._corners = projector.triangles[self._face]
        self._weights = first.barycentrics[self._rows, self._columns].astype(np.float64)
        self._start = self._pixels(first)

    def to(self, second: Seen) -> ExactFlow:
        """Displacement to ``second`` on the grid of the first state, NaN where its pixel is not on the face.

        ``valid`` is true where the point is still the front-most surface in the second state and inside the frame.
        """
        end = self._pixels(second)
        displacement = np.full((self._size, self._size, 2), np.nan, dtype=np.float32)
        displacement[self._rows, self._columns] = end - self._start
        valid = np.zeros((self._size, self._size), dtype=bool)
        valid[self._rows, self._columns] = _front_most(
            self._projector.triangles,
            second.triangle,
            second.barycentrics,
            second.pixels,
            second.inverse_depth,
            self._face,
            self._corners,
            end,
        )
        return ExactFlow(displacement, valid)

    def _pixels(self, seen: Seen) -> NDArray[np.float64]:
        """Where the points are in a state: float64 ``[N,2]`` with the precision of float32."""
        points = np.empty((len(self._face), 3), np.float64)
        _points(self._weights, seen.vertices, self._corners, points)
        return self._projector.project(points)[0].astype(np.float64)


@njit(cache=True, error_model="numpy")
def _points(weights, vertices, corners, out):  # type: ignore[no-untyped-def]
    """The weighted mean of three corners of each point: float64 ``[N,3]`` into ``out``."""
    for i in range(len(corners)):
        for k in range(3):
            total = weights[i, 0] * np.float64(vertices[corners[i, 0], k])
            total += weights[i, 1] * np.float64(vertices[corners[i, 1], k])
            total += weights[i, 2] * np.float64(vertices[corners[i, 2], k])
            out[i, k] = total


@njit(cache=True, error_model="numpy")
def _front_most(triangles, seen, barycentrics, places, inverse_depth, face, corners, pixels):  # type: ignore[no-untyped-def]
    """Whether each point of triangle ``face`` [N] at ``pixels`` [N,2] is the surface that a state shows there: bool ``[N]``.

    The depth of the front-most surface is known at pixel centres. There the plane of the point's own triangle is
    continued (inverse depth is linear on the screen) and compared. seen, barycentrics, places, inverse_depth: fields of
    :class:`Seen`; corners int32 ``[N,3]``.
    """
    size = seen.shape[0]
    out = np.zeros(len(face), np.bool_)
    for i in range(len(face)):
        column, row = np.int64(np.rint(pixels[i, 0])), np.int64(np.rint(pixels[i, 1]))
        if column < 0 or column >= size or row < 0 or row >= size:
            continue
        front = seen[row, column]
        a, b, c = corners[i, 0], corners[i, 1], corners[i, 2]
        ax, ay = np.float64(places[a, 0]), np.float64(places[a, 1])
        bx, by = np.float64(places[b, 0]) - ax, np.float64(places[b, 1]) - ay
        cx, cy = np.float64(places[c, 0]) - ax, np.float64(places[c, 1]) - ay
        area = bx * cy - by * cx
        if not area < 0:  # seen from behind, or NaN
            continue
        if front == face[i]:
            out[i] = True
        elif front >= 0:
            px, py = column - ax, row - ay
            own = np.float64(inverse_depth[a])
            expected = own
            expected += (px * cy - py * cx) / area * (np.float64(inverse_depth[b]) - own)
            expected += (bx * py - by * px) / area * (np.float64(inverse_depth[c]) - own)
            depth = 0.0
            for k in range(3):
                depth += np.float64(barycentrics[row, column, k]) / np.float64(inverse_depth[triangles[front, k]])
            out[i] = 1.0 / expected - depth < TOLERANCE_DM
    return out
