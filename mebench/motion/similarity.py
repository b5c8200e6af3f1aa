"""Rotation, uniform scale and translation between two point sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.errors import InputError


@dataclass(frozen=True)
class Similarity:
    """``q = p @ linear.T + offset``. linear: float64 ``[2,2]``, rotation times scale. offset: float64 ``[2]``, px."""

    linear: NDArray[np.float64]
    offset: NDArray[np.float64]

    @property
    def scale(self) -> float:
        """Length after over length before."""
        return float(np.sqrt(abs(np.linalg.det(self.linear))))

    def apply(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map positions ``[...,2]``, pixels, x then y."""
        return (points @ self.linear.T + self.offset).astype(np.float32)

    def rotate(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn and scale displacements ``[...,2]``."""
        return (vectors @ self.linear.T).astype(np.float32)


def similarity(points: NDArray[np.float32], targets: NDArray[np.float32]) -> Similarity:
    """Least-squares similarity from ``points`` to ``targets``, both ``[N,2]``, N >= 2, without reflection.

    S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991,
    eq. 40-42.
    Raises :class:`InputError` when all points coincide.
    """
    mean, target_mean = points.mean(0, dtype=np.float64), targets.mean(0, dtype=np.float64)
    centred, target_centred = points - mean, targets - target_mean
    variance = float((centred**2).sum())
    if variance <= 0.0:
        raise InputError("a similarity needs at least two different points.")
    u, singular, vt = np.linalg.svd(target_centred.T @ centred)
    sign = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    linear = (u * sign) @ vt * float((singular * sign).sum() / variance)
    return Similarity(linear, target_mean - linear @ mean)
