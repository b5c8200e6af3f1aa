"""Distances between two sets of feature vectors whose members come in clusters: the clips of one subject are alike.

The usual "unbiased" estimators are biased on such data: pairs inside a set share subjects more often than pairs across
sets, so that two sets of one law look different. Here pairs of one subject are left out everywhere, which cures it.

A distance is *prepared* once on all rows together and then evaluated for weights of the rows: ``w`` says how often each
row is counted in the first set, ``v`` in the second. Resampling, swapping and halving are all choices of weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]
Evaluate = Callable[[Vectors, Vectors], float]


class Distance(Protocol):
    """How far two sets are apart."""

    def __call__(self, rows: Vectors, subject: NDArray[np.int64], real: NDArray[np.bool_]) -> Evaluate:
        """Prepare: rows ``[M,D]`` of both sets, the subject of each ``[M]``, and whether it is of the real set ``[M]``."""
        ...


def gaussian_mmd(rows: Vectors, subject: NDArray[np.int64], real: NDArray[np.bool_]) -> Evaluate:
    """Squared maximum mean discrepancy with a Gaussian kernel, over pairs of different subjects.

    Gretton et al., JMLR 13, 2012, eq. 3 with the pairs of one subject left out. The width of the kernel is the median
    distance of the real set's pairs of different subjects, so that all methods are measured by one kernel.
    """
    squared = _squared_distances(rows)
    different = subject[:, None] != subject
    inside = different & real[:, None] & real & ~np.eye(len(rows), dtype=bool)
    values = squared[inside]
    width = float(np.median(values)) if len(values) else 1.0
    kernel = np.exp(-squared / (2.0 * width)) if width > 0.0 else (squared == 0.0).astype(np.float64)
    return _discrepancy(kernel, different)


def polynomial_mmd(rows: Vectors, subject: NDArray[np.int64], real: NDArray[np.bool_]) -> Evaluate:
    """Kernel Inception distance: squared maximum mean discrepancy with the kernel ``(x.y / D + 1)^3``, over pairs of
    different subjects and all of them (no subsets). Binkowski et al., Demystifying MMD GANs, ICLR 2018."""
    kernel = (rows @ rows.T / rows.shape[1] + 1.0) ** 3
    return _discrepancy(kernel, subject[:, None] != subject)


def frechet(rows: Vectors, subject: NDArray[np.int64], real: NDArray[np.bool_]) -> Evaluate:
    """Frechet distance of the Gaussians with the sets' means and covariances (n - 1): Heusel et al., NeurIPS 2017.

    ``|m_1 - m_2|^2 + tr(C_1 + C_2) - 2 tr (C_1 C_2)^(1/2)``; the last trace is the nuclear norm of ``X_1 X_2^T`` for
    ``C = X^T X``, which needs no matrix square root. Biased by small sets and by subjects: never rank on it.
    """

    def evaluate(w: Vectors, v: Vectors) -> float:
        (mean_1, half_1), (mean_2, half_2) = _moments(rows, w), _moments(rows, v)
        cross = np.linalg.svd(half_1 @ half_2.T, compute_uv=False).sum()
        spread = np.square(half_1).sum() + np.square(half_2).sum()
        return float(np.square(mean_1 - mean_2).sum() + spread - 2.0 * cross)

    return evaluate


def _moments(rows: Vectors, weights: Vectors) -> tuple[Vectors, Vectors]:
    """Weighted mean ``[D]`` and X with ``X^T X`` the covariance, ``[K,D]``: one row for each counted one."""
    counted = weights > 0.0
    w, x = weights[counted], rows[counted]
    total = float(w.sum())
    if total <= 1.0:
        return rows.mean(axis=0) * np.nan, np.full((1, rows.shape[1]), np.nan)
    mean = w @ x / total
    return mean, np.sqrt(w / (total - 1.0))[:, None] * (x - mean)


def _discrepancy(kernel: Vectors, different: NDArray[np.bool_]) -> Evaluate:
    """``k(w,w) + k(v,v) - 2 k(w,v)``, each the weighted mean of the kernel over pairs of different subjects."""
    masked, mask = kernel * different, different.astype(np.float64)

    def mean(w: Vectors, v: Vectors) -> float:
        pairs = float(w @ mask @ v)
        return float(w @ masked @ v) / pairs if pairs > 0.0 else float("nan")

    return lambda w, v: mean(w, w) + mean(v, v) - 2.0 * mean(w, v)


def _squared_distances(rows: Vectors) -> Vectors:
    square = np.square(rows).sum(axis=1)
    return np.asarray(np.maximum(square[:, None] + square - 2.0 * rows @ rows.T, 0.0))
