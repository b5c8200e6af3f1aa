"""From pairwise choices to strengths: the model of Bradley and Terry.

P(i is chosen over j) = s_i / (s_i + s_j) (Bradley and Terry, Biometrika 39, 1952), fitted by the minorisation-maximisation of
Hunter, Annals of Statistics 32 (2004), eq. 3. Every pair of methods gets half a choice each way besides those that were
made, so that a method that always wins has a finite strength and methods that never met are equal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

PRIOR = 0.5
"""Choices added each way to each pair."""

_STEPS = 2000
_CLOSE = 1e-9


def log_strengths(wins: Values) -> Values:
    """Natural logarithms of the strengths, float64 ``[...,M]``, mean 0.

    wins: ``[...,M,M]``, how many times the method of the row was chosen over that of the column; leading axes are draws.

    >>> log_strengths(np.array([[0.0, 30.0], [10.0, 0.0]])).round(2)
    array([ 0.53, -0.53])
    """
    counts = np.asarray(wins, dtype=np.float64)
    size = counts.shape[-1]
    if counts.ndim < 2 or counts.shape[-2] != size or size < 2 or (counts < 0).any():
        raise ValueError("wins must be square tables of at least two methods, without negative numbers")
    off = 1.0 - np.eye(size)
    counts = (counts + PRIOR) * off
    met = counts + np.swapaxes(counts, -1, -2)
    won = counts.sum(axis=-1)
    strength = np.ones(won.shape)
    for _ in range(_STEPS):
        pairs = met / (strength[..., :, None] + strength[..., None, :])
        new = won / pairs.sum(axis=-1)
        new /= np.exp(np.log(new).mean(axis=-1, keepdims=True))
        change = float(np.abs(np.log(new) - np.log(strength)).max())
        strength = new
        if change < _CLOSE:
            break
    return np.asarray(np.log(strength))
