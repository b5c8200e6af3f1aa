"""How each kind of surface takes light and paint: highlights, creases, the weave of cloth, and lookup in the atlas.

Kernels for ``shading``, inlined there; they allocate nothing.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SKIN, BODY, EYE, WET, HAIR = range(5)
"""Kinds of surface."""


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def smooth(low: float, high: float, value: float) -> float:
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def highlight(kind: int, h: float, facing: float) -> float:
    """Highlight at cosine ``h`` between normal and half vector; ``facing`` = 1 - n.v (Schlick's Fresnel term)."""
    h2 = h * h
    h8 = h2 * h2 * h2 * h2
    h24 = h8 * h8 * h8
    if kind == EYE:
        h96 = h24 * h24 * h24 * h24
        return 2.4 * h96 * h96 + 0.05 * h24
    fresnel = 0.35 + 0.65 * facing * facing * facing
    if kind == WET:
        return (0.10 * h24 + 0.5 * h24 * h24 * h24) * fresnel
    return (0.16 * h8 + 0.28 * h24) * fresnel


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def hair_shine(along: float) -> float:
    """Kajiya and Kay (SIGGRAPH 1989): a highlight across the strands, sin(tangent, half)^p, ``along`` = cosine."""
    sine2 = max(1.0 - along * along, 0.0)
    s8 = sine2 * sine2 * sine2 * sine2
    s32 = s8 * s8 * s8 * s8
    return 0.25 * s8 + 0.75 * s32 * s32


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def cornea(axis: Floats, nx: float, ny: float, nz: float) -> tuple[float, float, float]:
    """The normal of the eye's surface: the cornea is a smaller ball, so its normals turn faster than the eyeball's."""
    ax, ay, az = axis[0], axis[1], axis[2]
    along = nx * ax + ny * ay + nz * az
    if along < 0.85:
        return nx, ny, nz
    blend = smooth(0.85, 0.90, along) * 0.55
    nx += blend * (nx - along * ax)
    ny += blend * (ny - along * ay)
    nz += blend * (nz - along * az)
    scale = 1.0 / np.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * scale, ny * scale, nz * scale


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def texel(atlas: NDArray[np.uint8], decode: Floats, u: float, v: float) -> tuple[float, float, float, float]:
    """Bilinear sample of the atlas at texel (u, v): reflectance R, G, B and gloss."""
    height, width = atlas.shape[0], atlas.shape[1]
    u = min(max(u, 0.0), width - 1.001)
    v = min(max(v, 0.0), height - 1.001)
    x, y = int(u), int(v)
    fx, fy = u - x, v - y
    w00, w01, w10, w11 = (1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy
    red = w00 * decode[atlas[y, x, 0]] + w01 * decode[atlas[y, x + 1, 0]]
    red += w10 * decode[atlas[y + 1, x, 0]] + w11 * decode[atlas[y + 1, x + 1, 0]]
    green = w00 * decode[atlas[y, x, 1]] + w01 * decode[atlas[y, x + 1, 1]]
    green += w10 * decode[atlas[y + 1, x, 1]] + w11 * decode[atlas[y + 1, x + 1, 1]]
    blue = w00 * decode[atlas[y, x, 2]] + w01 * decode[atlas[y, x + 1, 2]]
    blue += w10 * decode[atlas[y + 1, x, 2]] + w11 * decode[atlas[y + 1, x + 1, 2]]
    gloss = w00 * decode[atlas[y, x, 3]] + w01 * decode[atlas[y, x + 1, 3]]
    gloss += w10 * decode[atlas[y + 1, x, 3]] + w11 * decode[atlas[y + 1, x + 1, 3]]
    return red, green, blue, 2.0 * gloss


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def crease(
    reliefs: NDArray[np.int8], windows: NDArray[np.int64], folds: Floats, u: float, v: float, rest_x: float
) -> float:
    """Darkening by the creases at texel (u, v): sum of depth times relief, each side with its own depth.

    windows: where each relief is not 0, see ``texture_wrinkles.wrinkle_windows``.
    """
    left = smooth(-0.05, 0.05, rest_x)
    height, width = reliefs.shape[1], reliefs.shape[2]
    u = min(max(u, 0.0), width - 1.001)
    v = min(max(v, 0.0), height - 1.001)
    x, y = int(u), int(v)
    fx, fy = u - x, v - y
    total = 0.0
    for p in range(folds.shape[1]):
        if folds[0, p] <= 0.0 and folds[1, p] <= 0.0:
            continue
        if y + 1 < windows[p, 0] or y > windows[p, 1] or x + 1 < windows[p, 2] or x > windows[p, 3]:
            continue
        depth = left * folds[0, p] + (1.0 - left) * folds[1, p]
        if depth <= 0.0:
            continue
        value = (1 - fy) * ((1 - fx) * reliefs[p, y, x] + fx * reliefs[p, y, x + 1])
        value += fy * ((1 - fx) * reliefs[p, y + 1, x] + fx * reliefs[p, y + 1, x + 1])
        total += depth * value * 0.01
    return min(max(total, -0.4), 0.7)


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def covered(shirt: Floats, x: float, y: float) -> tuple[float, float]:
    """How much cloth covers the body at template (x, y): round, V-shaped or wide neckline; and 0 on its hem, 1 below."""
    width = abs(x)
    if shirt[3] == 1.0:
        edge = 5.86 - max(0.62 - 1.05 * width, 0.0)
    elif shirt[3] == 2.0:
        edge = 5.78 - 0.34 * np.exp(-((width / 0.75) ** 4))
    else:
        edge = 5.86 - 0.22 * np.exp(-((width / 0.42) ** 2))
    return smooth(0.012, -0.012, y - edge), smooth(0.075, 0.085, edge - y)
