"""Creases that come with action units: signed relief maps on the atlas, dark in the fold, bright on its lower lip.

One map per place; an action unit on one side deepens its maps on that side alone. At micro amplitude they stay faint.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.expression import NAMES
from mebench.datasets.synme.texture import Surface, smoothstep, surface

Floats = NDArray[np.float32]

PLACES = (
    "forehead", "temple", "glabella", "feet", "nasolabial", "nose", "lid", "dimple", "corner", "chin",
)  # fmt: skip

DEPTH: dict[int, dict[str, float]] = {
    1: {"forehead": 0.30},
    2: {"temple": 0.28},
    4: {"glabella": 0.45},
    6: {"feet": 0.38, "nasolabial": 0.14, "lid": 0.14},
    7: {"lid": 0.30, "feet": 0.08},
    9: {"nose": 0.40, "glabella": 0.12, "nasolabial": 0.24},
    10: {"nasolabial": 0.36},
    12: {"nasolabial": 0.32, "feet": 0.08},
    14: {"dimple": 0.42},
    15: {"corner": 0.34},
    17: {"chin": 0.38, "corner": 0.10},
}
"""Darkening per unit intensity of each map by action unit (reflectance is multiplied by 1 - sum)."""


def depths(action_units: Floats) -> Floats:
    """Weights float32 ``[2, len(PLACES)]`` of the maps on the left and right side for intensities ``[26]``."""
    out = np.zeros((2, len(PLACES)), np.float32)
    for value, name in zip(action_units, NAMES, strict=True):
        for place, depth in DEPTH.get(int(name[1:]), {}).items():
            out["LR".index(name[0]), PLACES.index(place)] += np.float32(depth * max(float(value), 0.0))
    return np.minimum(out, np.float32(0.6))


@cache
def wrinkle_maps() -> NDArray[np.int8]:
    """Relief of every place: int8 ``[P,H,W]``, 100 = full darkening, negative = brightening."""
    at = surface()
    front = at.z > 0.5
    makers = (_forehead, _temple, _glabella, _feet, _nasolabial, _nose, _lid, _dimple, _corner, _chin)
    maps = np.stack([np.where(front, make(at), 0.0) for make in makers])
    return np.asarray(np.clip(np.rint(maps * 100), -127, 127), np.int8)


@cache
def wrinkle_windows() -> NDArray[np.int64]:
    """Where each map is not 0: first and last row, first and last column, int64 ``[P,4]``."""
    windows = []
    for relief in wrinkle_maps():
        rows, columns = np.flatnonzero(relief.any(axis=1)), np.flatnonzero(relief.any(axis=0))
        windows.append((rows[0], rows[-1], columns[0], columns[-1]))
    return np.asarray(windows, np.int64)


def _fold(distance: Floats, width: float) -> Floats:
    """A crease across ``distance`` (dm, positive above it): dark in the middle, a bright ridge below, nothing far off."""
    dark = np.exp(-np.square(distance / width))
    ridge = np.exp(-np.square((distance + 1.9 * width) / (1.3 * width)))
    return np.asarray(dark - 0.38 * ridge, np.float32)


def _lines(at: Surface, heights: tuple[float, ...], bend: float) -> Floats:
    width = np.abs(at.x)
    total = np.zeros(at.shape, np.float32)
    for k, height in enumerate(heights):
        wave = 0.010 * np.sin(9.0 * at.x + 2.1 * k) + bend * np.square(width)
        total += _fold(at.y - height - wave, 0.014)
    return total


def _forehead(at: Surface) -> Floats:
    return _lines(at, (7.60, 7.68, 7.77, 7.86), 0.05) * smoothstep(0.40, 0.18, np.abs(at.x))


def _temple(at: Surface) -> Floats:
    width = np.abs(at.x)
    window = smoothstep(0.12, 0.30, width) * smoothstep(0.66, 0.50, width)
    return _lines(at, (7.60, 7.68, 7.77), -0.12) * window


def _glabella(at: Surface) -> Floats:
    width = np.abs(at.x)
    rise = smoothstep(7.36, 7.45, at.y) * smoothstep(7.72, 7.56, at.y)
    line = 0.075 + 0.10 * np.square(at.y - 7.5) + 0.02 * (at.y - 7.5)
    deep = np.exp(-np.square((width - line) / 0.013)) - 0.32 * np.exp(-np.square((width - line - 0.03) / 0.022))
    return np.asarray(deep * rise, np.float32)


def _feet(at: Surface) -> Floats:
    width = np.abs(at.x)
    total = np.zeros(at.shape, np.float32)
    for slope, start in ((0.55, 7.325), (0.10, 7.275), (-0.40, 7.225)):
        total += _fold(at.y - start - slope * (width - 0.52), 0.012)
    return total * smoothstep(0.52, 0.58, width) * smoothstep(0.78, 0.66, width)


def _nasolabial(at: Surface) -> Floats:
    width = np.abs(at.x)
    line = np.interp(at.y, (6.50, 6.62, 6.72, 6.82, 6.92, 7.00), (0.400, 0.385, 0.345, 0.285, 0.220, 0.175))
    window = smoothstep(6.50, 6.62, at.y) * smoothstep(7.00, 6.93, at.y)
    across = (width - line).astype(np.float32)
    return np.asarray(
        (np.exp(-np.square(across / 0.020)) - 0.38 * np.exp(-np.square((across - 0.055) / 0.04))) * window, np.float32
    )


def _nose(at: Surface) -> Floats:
    width = np.abs(at.x)
    total = np.zeros(at.shape, np.float32)
    for start in (7.10, 7.16, 7.22):
        total += _fold(at.y - start - 0.55 * width, 0.011)
    return total * smoothstep(0.15, 0.10, width) * (0.35 + 0.65 * smoothstep(0.0, 0.05, width))


def _lid(at: Surface) -> Floats:
    width = np.abs(at.x)
    line = 7.155 + 0.9 * np.square(width - 0.30)
    return _fold(at.y - line, 0.014) * smoothstep(0.13, 0.20, width) * smoothstep(0.52, 0.44, width)


def _dimple(at: Surface) -> Floats:
    width = np.abs(at.x)
    line = 0.372 + 0.35 * np.square(at.y - 6.62)
    window = np.exp(-np.square((at.y - 6.625) / 0.075))
    return np.asarray(
        (np.exp(-np.square((width - line) / 0.016)) - 0.40 * np.exp(-np.square((width - line - 0.045) / 0.03)))
        * window,
        np.float32,
    )


def _corner(at: Surface) -> Floats:
    width = np.abs(at.x)
    line = 0.315 + 0.25 * (6.60 - at.y)
    window = smoothstep(6.36, 6.46, at.y) * smoothstep(6.63, 6.57, at.y)
    return np.asarray(
        (np.exp(-np.square((width - line) / 0.018)) - 0.30 * np.exp(-np.square((width - line + 0.045) / 0.03)))
        * window,
        np.float32,
    )


def _chin(at: Surface) -> Floats:
    """Orange-peel dimples of the chin boss and the fold above it."""
    width = np.abs(at.x)
    boss = np.exp(-np.square(width / 0.17) - np.square((at.y - 6.36) / 0.10))
    peel = np.sin(62 * at.x + 3 * np.sin(31 * at.y)) * np.sin(55 * at.y + 2 * np.sin(40 * at.x))
    fold = _fold(at.y - 6.475 + 0.5 * np.square(width), 0.022) * smoothstep(0.26, 0.14, width)
    return np.asarray(boss * np.clip(peel, -0.7, 1.0) * 0.8 + 0.8 * fold, np.float32)
