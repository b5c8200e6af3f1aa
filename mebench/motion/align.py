"""Head motion as the affine part of a flow field, fitted so that a moving brow or lip does not pull it along."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mebench.errors import InputError
from mebench.motion.flow import Flow

_ITERATIONS = 8
_SMALLEST_SCALE = 0.02
"""Pixels: the mean error of the fine flow estimate on clean images; residuals below it are not told apart."""

_MOST_POINTS = 20_000
"""Pixels that a fit uses: beyond this the estimate no longer changes by 0.001 px, the time does."""


@dataclass(frozen=True)
class Affine:
    """A displacement field ``d(x, y) = matrix @ (x, y, 1)``. matrix: float64 ``[2,3]``, pixels."""

    matrix: NDArray[np.float64]

    def displacement(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Displacement at positions ``[...,2]`` (x, y), pixels."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2], dtype=np.float32)

    def field(self, height: int, width: int) -> Flow:
        """Displacement at every pixel: float32 ``[H,W,2]``."""
        x = np.arange(width, dtype=np.float64)
        y = np.arange(height, dtype=np.float64)
        rows = self.matrix[:, 1] * y[:, None] + self.matrix[:, 2]
        columns = x[:, None] * self.matrix[:, 0]
        flow = np.empty((height, width, 2), dtype=np.float32)
        for axis in range(2):  # by planes: numpy is slow where the last axis is two long
            flow[..., axis] = rows[:, axis, None] + columns[:, axis]
        return flow

    def inverse(self) -> Affine:
        """The displacement back: ``p + d(p) = q`` gives ``q + inverse(q) = p``."""
        linear = np.linalg.inv(np.eye(2) + self.matrix[:, :2])
        return Affine(np.column_stack((linear - np.eye(2), -linear @ self.matrix[:, 2])))


def fit_affine(flow: Flow, mask: NDArray[np.bool_]) -> Affine:
    """The affine motion that most of the pixels in ``mask`` (bool ``[H,W]``) share.

    Iteratively reweighted least squares, 8 rounds, weights ``(1 + (r / s)^2)^-2`` of the residual length r, with s the
    median residual length of the round before. Pixels that are not finite are left out.
    Raises :class:`InputError` when fewer than three usable pixels remain.
    """
    usable = mask & np.isfinite(flow[..., 0]) & np.isfinite(flow[..., 1])
    if np.count_nonzero(usable) < 3:
        raise InputError("head motion cannot be fitted: the face mask holds fewer than three pixels.")
    points = _points(usable.tobytes(), usable.shape[1])
    design = points.design
    target = flow.reshape(-1, 2).take(points.places, axis=0).astype(np.float64)
    weighted = design.copy()  # a product of two arrays sums in another order than that of one with itself
    solution = np.linalg.lstsq(weighted.T @ design, weighted.T @ target, rcond=None)[0]
    error, length = np.empty_like(target), np.empty(len(target))
    for _ in range(_ITERATIONS):
        # In place, and by columns: fresh arrays and rows of three cost more than the sums.
        np.subtract(target, np.matmul(design, solution, out=error), out=error)
        np.hypot(error[:, 0], error[:, 1], out=length)
        length /= max(_median(length), _SMALLEST_SCALE)
        np.square(length, out=length)
        length += 1.0
        np.power(length, -2, out=length)
        for column in range(3):
            np.multiply(design[:, column], length, out=weighted[:, column])
        solution = np.linalg.lstsq(weighted.T @ design, weighted.T @ target, rcond=None)[0]
    linear = solution[:2].T / points.span
    return Affine(np.column_stack((linear, solution[2] - linear @ points.centre)))


class _Points(NamedTuple):
    """Pixels that a fit uses, numbered row by row, and their centred and scaled coordinates with a column of ones, float64
    ``[N,3]``: these keep the normal equations well conditioned."""

    places: NDArray[np.int64]
    centre: NDArray[np.float64]
    span: float
    design: NDArray[np.float64]


@lru_cache(maxsize=4)
def _points(mask: bytes, width: int) -> _Points:
    """Of a mask, bool ``[H,W]`` row by row: the frames of a clip share one."""
    y, x = np.nonzero(np.frombuffer(mask, dtype=bool).reshape(-1, width))
    step = -(-len(x) // _MOST_POINTS)
    y, x = y[::step], x[::step]
    centre = np.array([x.mean(), y.mean()])
    span = max(float(np.hypot(x - centre[0], y - centre[1]).max()), 1.0)
    design = np.stack(((x - centre[0]) / span, (y - centre[1]) / span, np.ones(len(x))), axis=1)
    return _Points(y * width + x, centre, span, design)


def _median(lengths: NDArray[np.float64]) -> float:
    """``np.median`` of finite numbers in a fraction of its time: the same bits."""
    middle = len(lengths) // 2
    ordered = np.partition(lengths, middle)
    above = ordered[middle]
    return float(above if len(lengths) % 2 else (ordered[:middle].max() + above) / 2.0)
