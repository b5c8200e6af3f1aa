"""Noise for paint: white Gaussian noise from a key, and smooth fields made of it."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float32]


@njit(cache=True)
def mix(word: np.uint64) -> np.uint64:
    """The output function of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): scatters every bit of a 64-bit word."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@cache
def quantiles() -> Floats:
    """Quantiles of the normal distribution at (k + 1/2) / 65536: float32 ``[65536]``."""
    return np.asarray(ndtri((np.arange(65536) + 0.5) / 65536), np.float32)


@njit(cache=True)
def _white(key: np.uint64, out: Floats, table: Floats) -> None:
    state = mix(key)
    flat = out.ravel()
    word = np.uint64(0)
    for i in range(flat.size):
        if i & 3 == 0:
            state += np.uint64(0x9E3779B97F4A7C15)
            word = mix(state)
        flat[i] = table[np.int64(word & np.uint64(0xFFFF))]
        word >>= np.uint64(16)


def white(key: int, height: int, width: int) -> Floats:
    """Standard normal noise float32 ``[height,width]`` that depends on the 64-bit ``key`` alone."""
    out = np.empty((height, width), np.float32)
    _white(np.uint64(key & 0xFFFFFFFFFFFFFFFF), out, quantiles())
    return out


def field(key: int, height: int, width: int, scale: float | tuple[float, float]) -> Floats:
    """Smooth noise of unit variance, float32 ``[height,width]``. scale: grain in texels, or (down, across)."""
    down, across = (scale, scale) if isinstance(scale, int | float) else scale
    rows, columns = max(int(np.ceil(height / down)), 2), max(int(np.ceil(width / across)), 2)
    coarse = white(key, rows, columns)
    if (rows, columns) == (height, width):
        return coarse
    smooth = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return smooth / np.float32(max(float(smooth.std()), 1e-6))
