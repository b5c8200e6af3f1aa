"""Support vector machines on precomputed kernels: one for each action unit, solved exactly and deterministically.

C-SVC (Cortes and Vapnik, Machine Learning 20, 1995) by sequential minimal optimisation with second-order choice of the
working pair (Fan, Chen, Lin, JMLR 6, 2005), as the common libraries do.
"""

from __future__ import annotations

from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

Kernel = Literal["linear", "rbf", "poly"]

Matrix = NDArray[np.float64]

TOLERANCE = 1e-3
"""Largest violation of the optimality conditions at the end; the common libraries' default."""

DEGREE = 3
"""Of the polynomial kernel ``(gamma <x, y>)^3``."""

MOST_STEPS = 1_000_000


def scale_gamma(features: NDArray[np.float32]) -> float:
    """``1 / (number of features x variance of all values)``: the setting called "scale"."""
    return float(1.0 / max(features.shape[1] * float(features.var()), 1e-12))


def kernel_matrix(first: NDArray[np.float32], second: NDArray[np.float32], kernel: Kernel, gamma: float) -> Matrix:
    """Kernel of every row of ``[N,D]`` with every row of ``[M,D]``: float64 ``[N,M]``."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    product = a @ b.T
    if kernel == "linear":
        return np.asarray(product)
    if kernel == "poly":
        return np.asarray((gamma * product) ** DEGREE)
    squared = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None, :] - 2.0 * product
    return np.asarray(np.exp(-gamma * np.maximum(squared, 0.0)))


def train(gram: Matrix, present: NDArray[np.bool_], cost: float) -> tuple[NDArray[np.float64], float]:
    """Coefficients float64 ``[N]`` and bias of the decision ``gram @ coefficients + bias``, positive for present.

    gram: ``[N,N]``. present: ``[N]``. With one class alone the decision is that class everywhere.
    """
    if present.all() or not present.any():
        return np.zeros(len(present)), 1.0 if present.all() else -1.0
    sign = np.where(present, 1.0, -1.0)
    alpha, bias = _solve(np.ascontiguousarray(gram), sign, float(cost), TOLERANCE, MOST_STEPS)
    return alpha * sign, float(bias)


@numba.njit(cache=True)
def _solve(gram, sign, cost, tolerance, most_steps):  # type: ignore[no-untyped-def]
    """Maximise ``sum a - 1/2 a' (y y' K) a`` with ``0 <= a <= C`` and ``y' a = 0``."""
    count = len(sign)
    alpha = np.zeros(count)
    gradient = -np.ones(count)
    for _ in range(most_steps):
        first, top = -1, -np.inf
        for t in range(count):
            up = (sign[t] > 0 and alpha[t] < cost) or (sign[t] < 0 and alpha[t] > 0)
            if up and -sign[t] * gradient[t] >= top:
                first, top = t, -sign[t] * gradient[t]
        second, bottom, best = -1, np.inf, np.inf
        for t in range(count):
            low = (sign[t] > 0 and alpha[t] > 0) or (sign[t] < 0 and alpha[t] < cost)
            if low:
                value = -sign[t] * gradient[t]
                bottom = min(bottom, value)
                gap = top - value
                if gap > 0:
                    curve = max(gram[first, first] + gram[t, t] - 2.0 * gram[first, t], 1e-12)
                    if -gap * gap / curve <= best:
                        second, best = t, -gap * gap / curve
        if second < 0 or top - bottom < tolerance:
            break
        i, j = first, second
        curve = max(gram[i, i] + gram[j, j] - 2.0 * gram[i, j], 1e-12)
        step = (-sign[i] * gradient[i] + sign[j] * gradient[j]) / curve
        old_i, old_j = alpha[i], alpha[j]
        total = sign[i] * old_i + sign[j] * old_j
        alpha[i] = min(max(old_i + sign[i] * step, 0.0), cost)
        alpha[j] = min(max(sign[j] * (total - sign[i] * alpha[i]), 0.0), cost)
        alpha[i] = min(max(sign[i] * (total - sign[j] * alpha[j]), 0.0), cost)
        change_i, change_j = sign[i] * (alpha[i] - old_i), sign[j] * (alpha[j] - old_j)
        for t in range(count):
            gradient[t] += sign[t] * (gram[t, i] * change_i + gram[t, j] * change_j)
    free, counted, top, bottom = 0.0, 0, -np.inf, np.inf
    for t in range(count):
        value = -sign[t] * gradient[t]
        if 0.0 < alpha[t] < cost:
            free += value
            counted += 1
        elif (sign[t] > 0) == (alpha[t] <= 0.0):
            top = max(top, value)
        else:
            bottom = min(bottom, value)
    return alpha, free / counted if counted else 0.5 * (top + bottom)
