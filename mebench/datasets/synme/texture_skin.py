"""Skin: base colour, mottling, blood, tired eyes, beard shadow, freckles and moles, and how glossy it is."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.texture import Surface, blob, lay, smoothstep, surface
from mebench.datasets.synme.texture_noise import field

Floats = NDArray[np.float32]

STUBBLE_COLOUR = (0.10, 0.088, 0.082)
FRECKLE_COLOUR = (0.30, 0.14, 0.07)


@cache
def _blood_map() -> Floats:
    """Where skin is redder: cheeks, nose tip, chin, ears, lids."""
    at = surface()
    return (
        0.50 * blob(at, 0.48, 6.93, 0.26, 0.20)
        + 0.45 * blob(at, 0.0, 6.92, 0.16, 0.13)
        + 0.22 * blob(at, 0.0, 6.33, 0.2, 0.12)
        + 0.45 * at.ears
        + 0.22 * blob(at, 0.3, 7.17, 0.2, 0.06)
    )


@cache
def _tired_map() -> Floats:
    """Where skin is thin and dark around the eyes."""
    at = surface()
    return (
        0.8 * blob(at, 0.29, 7.13, 0.19, 0.05)
        + 0.6 * blob(at, 0.155, 7.22, 0.08, 0.09)
        + 0.45 * blob(at, 0.31, 7.385, 0.2, 0.045)
    )


@cache
def _beard_map() -> Floats:
    """Where a beard grows: jaw, chin, upper lip; float32 in [0,1]."""
    at = surface()
    width = np.abs(at.x)
    cheek_line = 6.62 + 0.32 * smoothstep(0.35, 0.80, width)
    jaw = smoothstep(0.0, 0.16, cheek_line - at.y) * smoothstep(6.05, 6.22, at.y)
    jaw *= smoothstep(-0.05, 0.15, at.z)
    moustache = np.exp(-np.square((at.y - 6.735) / 0.05)) * smoothstep(0.42, 0.30, width) * (at.z > 0.9)
    bare = smoothstep(0.10, 0.0, np.hypot((width - 0.22) / 1.4, at.y - 6.52)) * 0.6
    lips = np.clip(cv2.GaussianBlur(at.lips, (0, 0), 3.0) * 1.6, 0, 1)
    return np.asarray(np.clip(np.maximum(jaw, moustache) - bare, 0, 1) * (1 - lips), np.float32)


@cache
def _gloss_map() -> Floats:
    """Oil on the skin: nose, forehead, a little on cheek bones and chin."""
    at = surface()
    nose = blob(at, 0.0, 7.05, 0.09, 0.22)
    forehead = blob(at, 0.0, 7.70, 0.45, 0.18)
    bones = blob(at, 0.50, 7.02, 0.16, 0.10)
    chin = blob(at, 0.0, 6.35, 0.16, 0.10)
    return 0.34 + 0.28 * nose + 0.14 * forehead + 0.14 * bones + 0.10 * chin


def paint_skin(look: Appearance) -> tuple[Floats, Floats]:
    """Reflectance float32 ``[H,W,3]`` and gloss float32 ``[H,W]`` of bare skin."""
    at = surface()
    height, width = at.shape
    noise = [field(look.key + k, height, width, scale) for k, scale in enumerate((60.0, 16.0, 5.0, 2.5))]
    mottle = 1.0 + 0.016 * noise[0] + 0.014 * noise[1] + 0.014 * noise[2] + 0.022 * noise[3]
    paint = np.asarray(look.skin, np.float32) * mottle[:, :, None]
    fade = 1.0 - 0.5 * look.melanin
    blood = np.clip(_blood_map() * look.blood * (1 + 0.25 * field(look.key + 9, height, width, 12.0)), 0, 1)
    paint *= 1.0 - blood[:, :, None] * np.asarray((0.08, 0.30, 0.26), np.float32) * np.float32(fade)
    tired = np.clip(_tired_map() * look.tired, 0, 0.6)
    paint *= 1.0 - tired[:, :, None] * np.asarray((0.75, 1.0, 0.95), np.float32)
    if look.stubble > 0:
        grain = np.clip(0.75 + 0.30 * noise[3], 0.2, 1.3)
        lay(
            paint,
            STUBBLE_COLOUR if look.melanin < 0.6 else (0.02, 0.016, 0.014),
            0.62 * look.stubble * _beard_map() * grain,
        )
    _spots(paint, look, at)
    gloss = _gloss_map() * (1 + 0.12 * noise[2] + 0.10 * noise[3])
    return np.asarray(paint, np.float32), np.asarray(gloss, np.float32)


def _spots(paint: Floats, look: Appearance, at: Surface) -> None:
    """Freckles over nose and cheeks, and a few moles anywhere on the face."""
    draws = Draws("spots", look.key)
    depth = np.zeros(at.shape, np.float32)
    for number in range(look.freckles + look.moles):
        freckle = number < look.freckles
        x = draws.normal(0.0, 0.36) if freckle else draws.uniform(-0.65, 0.65)
        y = draws.normal(6.98, 0.13) if freckle else draws.uniform(6.35, 7.7)
        strength = draws.uniform(0.05, 0.20) if freckle else draws.uniform(0.35, 0.65)
        radius = draws.uniform(0.006, 0.012) if freckle else draws.uniform(0.008, 0.014)
        _spot(depth, at, x, y, radius, strength)
    alpha = np.clip(depth, 0, 0.8) * (1.0 - 0.6 * look.melanin)
    lay(paint, np.asarray(look.skin, np.float32) * np.asarray(FRECKLE_COLOUR, np.float32), alpha)


def _spot(depth: Floats, at: Surface, x: float, y: float, radius: float, strength: float) -> None:
    """One round spot at template (x, y) on the front of the face."""
    row, column = _texel(round(x, 2), round(y, 2))
    low_row, low_column = max(row - 12, 0), max(column - 12, 0)
    window = np.s_[low_row : row + 13, low_column : column + 13]
    distance = np.square(at.x[window] - x) + np.square(at.y[window] - y)
    depth[window] += strength * np.exp(-distance / radius**2) * (at.z[window] > 0.5)


@cache
def _texel(x: float, y: float) -> tuple[int, int]:
    """Row and column of the front skin texel nearest to template (x, y)."""
    columns, rows, places = _coarse()
    best = int(np.argmin(np.square(places - np.array([x, y])).sum(axis=1)))
    return int(rows[best]), int(columns[best])


@cache
def _coarse() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Every fourth front skin texel: columns, rows and template (x, y)."""
    at = surface()
    front = (at.inside & (at.z > 0.5))[::4, ::4]
    rows, columns = np.nonzero(front)
    places = np.stack([at.x[::4, ::4][front], at.y[::4, ::4][front]], axis=1).astype(np.float64)
    return columns * 4, rows * 4, places
