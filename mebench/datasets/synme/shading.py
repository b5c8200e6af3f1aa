"""From the visibility buffer to pixels: one pass over the frame, in linear light.

Visibility is known at 4 x 4 samples a pixel. Inside a surface the light is computed once, in the middle of the pixel, and
the paint is the mean of four lookups; where surfaces meet, each triangle that is seen is shaded once, at the middle of its
samples, and counts by their number (multisampling). So silhouettes, lids, strands of hair and pores come out smooth.

The kernels allocate nothing and run without numba's reference counting (``_nrt=False``), which took half of the time.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mebench.datasets.synme.materials import (
    BODY,
    EYE,
    HAIR,
    SKIN,
    cornea,
    covered,
    crease,
    hair_shine,
    highlight,
    texel,
)
from mebench.datasets.synme.raster import SUBPIXEL, barycentrics

Floats = NDArray[np.float32]

SUPERSAMPLING = 4
"""Samples a side and pixel."""

DEPTH_STEP = 0.012
"""Relative difference of inverse depth within a pixel that counts as an edge of a surface in front of another."""

LIGHT_STEP = 0.10
"""Relative difference of diffuse light within a pixel that counts as an edge."""

CREASE = 0.94
"""Cosine between the normals within a pixel below which the surface is creased."""

FARTHEST_OUTSIDE = 0.5
"""How far beyond a triangle's edge, in barycentric units, its attributes are continued to the middle of a pixel."""

WIDEST = 4.0
"""Texels from sample to sample beyond which a triangle is seen too much from the side to look up paint around its middle."""

GAMMA_STEPS = 4096

HAIR_GLOSS = 0.35
"""Strength of the highlight across the strands."""


PLACE, LIGHT, TINT, SEEN, DIRECTION, REST = 0, 3, 6, 9, 12, 15
"""Where each attribute of a vertex starts in its row: place (dm), diffuse light, factor on the atlas, visibility of up to
three lights, unit normal (for hair its direction), and template place x. A row is as long as a line of the cache."""

ATTRIBUTES = 16
MOST_LIGHTS = 3


class Scene(NamedTuple):
    """What does not change within a clip.

    triangles int32 ``[G,3]``; kind uint8 ``[G]``; texels float32 ``[G,3,2]`` into the atlas; height float32 ``[V]``, template
    place y; atlas uint8 ``[H,W,4]``, square root of reflectance and of half the gloss; strands uint8 ``[h,w]``, shade of the
    hair; reliefs int8 ``[P,H,W]``; windows int64 ``[P,4]``, see ``wrinkle_windows``; lights float32 ``[L,6]``, unit direction
    towards it and colour times strength; background float32 ``[S,S,3]``, linear; shirt float32 ``[4]``, colour and
    neckline (0 round, 1 V, 2 wide); camera float32 ``[3]``, its place.
    """

    triangles: NDArray[np.int32]
    kind: NDArray[np.uint8]
    texels: Floats
    height: Floats
    atlas: NDArray[np.uint8]
    strands: NDArray[np.uint8]
    reliefs: NDArray[np.int8]
    windows: NDArray[np.int64]
    lights: Floats
    background: Floats
    shirt: Floats
    camera: Floats


class Moment(NamedTuple):
    """What changes from frame to frame.

    index int32 ``[4S,4S]``; points int64 ``[V,2]``; inverse float32 ``[V]``; attributes float32 ``[V,16]``, see
    :data:`PLACE`; folds float32 ``[2,P]``, depth of each relief left and right; gaze float32 ``[3]``, axis of the eyes.
    """

    index: NDArray[np.int32]
    points: NDArray[np.int64]
    inverse: Floats
    attributes: Floats
    folds: Floats
    gaze: Floats


@cache
def decode_table() -> NDArray[np.float64]:
    """Value of an 8-bit square root: k -> (k / 255)^2 with the precision of float32, float64 ``[256]``."""
    return np.square(np.arange(256) / 255.0).astype(np.float32).astype(np.float64)


@cache
def gamma_table() -> Floats:
    """The sRGB curve (IEC 61966-2-1) at k / 4096: float32 ``[4098]``, the last entry repeated."""
    v = np.arange(GAMMA_STEPS + 1) / GAMMA_STEPS
    curve = np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)
    return np.append(curve, 1.0).astype(np.float32)


def shade(scene: Scene, moment: Moment, exposure: float) -> Floats:
    """The frame, display-referred: float32 ``[S,S,3]`` in [0,1]. exposure: factor on the light."""
    # Arrays are handed over one by one: taking them out of a tuple in the inner loops costs more than the shading.
    size = scene.background.shape[0]
    out = np.empty((size, size, 3), np.float32)
    room = np.empty((5, max(ATTRIBUTES, SUPERSAMPLING**2)), np.float64)
    count = SUPERSAMPLING**2
    _shade(*scene, *moment, decode_table(), out, room, np.empty(count, np.int32), np.empty(count, np.int64))
    _display(out, exposure, gamma_table())
    return out


@njit(cache=True, error_model="numpy", _nrt=False)
def _shade(
    triangles, kind, texels, height, atlas, strands, reliefs, windows, lights, background, shirt, camera,
    index, points, inverse, attributes, folds, gaze, decode, out, room, seen, share,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Linear radiance float32 ``[S,S,3]``; arguments are the fields of :class:`Scene` and :class:`Moment`."""
    size = background.shape[0]
    k = SUPERSAMPLING
    at, colour, shine = room[0], room[1], room[2]
    across, down = room[3], room[4]
    for row in range(size):
        for column in range(size):
            count = 1
            f = index[row * k + 1, column * k + 1]
            if _is_edge(index, kind, triangles, inverse, attributes, row, column):
                count = _gather(index, row, column, seen, share, across, down)
            else:
                seen[0], share[0] = f, k * k
                across[0], down[0] = column * k + 0.5 * (k - 1), row * k + 0.5 * (k - 1)
            red = green = blue = 0.0
            for i in range(count):
                f, weight = seen[i], share[i] * (1.0 / (k * k))
                if f < 0:
                    red += weight * background[row, column, 0]
                    green += weight * background[row, column, 1]
                    blue += weight * background[row, column, 2]
                    continue
                wa, wb, wc = _inside(points, inverse, triangles, f, across[i], down[i], row, column)
                u = wa * texels[f, 0, 0] + wb * texels[f, 1, 0] + wc * texels[f, 2, 0]
                v = wa * texels[f, 0, 1] + wb * texels[f, 1, 1] + wc * texels[f, 2, 1]
                _interpolate(attributes, triangles, f, wa, wb, wc, at)
                if kind[f] != HAIR:
                    _paint(points, triangles, texels, atlas, decode, f, u, v, share[i] == k * k, colour)
                rest_y = 0.0
                if kind[f] == BODY:
                    rest_y = wa * height[triangles[f, 0]] + wb * height[triangles[f, 1]] + wc * height[triangles[f, 2]]
                _reflectance(kind[f], at, rest_y, u, v, strands, reliefs, windows, folds, shirt, colour)
                _highlight(kind[f], at, colour, lights, camera, gaze, shine)
                red += weight * (colour[0] * at[LIGHT] + shine[0])
                green += weight * (colour[1] * at[LIGHT + 1] + shine[1])
                blue += weight * (colour[2] * at[LIGHT + 2] + shine[2])
            out[row, column, 0] = red
            out[row, column, 1] = green
            out[row, column, 2] = blue


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _is_edge(index, kind, triangles, inverse, attributes, row, column):  # type: ignore[no-untyped-def]
    """Whether the samples of a pixel must be told apart: different surfaces, strands of hair, or a crease like the lips."""
    k = SUPERSAMPLING
    first = index[row * k, column * k]
    if first < 0:
        for sy in range(k):
            for sx in range(k):
                if index[row * k + sy, column * k + sx] >= 0:
                    return True
        return False
    if kind[first] == HAIR:
        return True
    corner = triangles[first, 0]
    low = high = inverse[corner]
    last = first
    for sy in range(k):
        for sx in range(k):
            f = index[row * k + sy, column * k + sx]
            if f == last:
                continue
            if f < 0 or kind[f] != kind[first]:
                return True
            other = triangles[f, 0]
            low, high = min(low, inverse[other]), max(high, inverse[other])
            step = abs(attributes[other, LIGHT + 1] - attributes[corner, LIGHT + 1])
            turn = 0.0
            for c in range(DIRECTION, DIRECTION + 3):
                turn += attributes[other, c] * attributes[corner, c]
            if step > LIGHT_STEP * attributes[corner, LIGHT + 1] or turn < CREASE:
                return True
            last = f
    return high - low > DEPTH_STEP * high


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _gather(index, row, column, seen, share, across, down):  # type: ignore[no-untyped-def]
    """The different triangles of a pixel into ``seen``, how many samples each has, and the middle of those samples."""
    k = SUPERSAMPLING
    count, i, last = 0, 0, np.int32(-2)
    for sy in range(k):
        for sx in range(k):
            x, y = column * k + sx, row * k + sy
            f = index[y, x]
            if f != last:
                last = f
                i = 0
                while i < count and seen[i] != f:
                    i += 1
                if i == count:
                    count += 1
                    seen[i], share[i], across[i], down[i] = f, 0, 0.0, 0.0
            share[i] += 1
            across[i] += x
            down[i] += y
    for i in range(count):
        across[i] /= share[i]
        down[i] /= share[i]
    return count


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _inside(points, inverse, triangles, f, across, down, row, column):  # type: ignore[no-untyped-def]
    """Weights of triangle ``f`` at a sample coordinate; of a sliver that does not reach it, at one of its samples."""
    wa, wb, wc = barycentrics(points, inverse, triangles, f, across, down)
    if min(wa, wb, wc) < -FARTHEST_OUTSIDE:
        wa, wb, wc = barycentrics(
            points, inverse, triangles, f, column * SUPERSAMPLING + 1.0, row * SUPERSAMPLING + 1.0
        )
    return wa, wb, wc


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _slope(points, triangles, texels, f):  # type: ignore[no-untyped-def]
    """How far the texel coordinates u, v move from sample to sample to the right and down: (u, v, u, v)."""
    a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
    abx, aby = np.float64(points[b, 0] - points[a, 0]), np.float64(points[b, 1] - points[a, 1])
    acx, acy = np.float64(points[c, 0] - points[a, 0]), np.float64(points[c, 1] - points[a, 1])
    scale = SUBPIXEL / (abx * acy - aby * acx)
    bu, bv = texels[f, 1, 0] - texels[f, 0, 0], texels[f, 1, 1] - texels[f, 0, 1]
    cu, cv = texels[f, 2, 0] - texels[f, 0, 0], texels[f, 2, 1] - texels[f, 0, 1]
    right_u, right_v = (bu * acy - cu * aby) * scale, (bv * acy - cv * aby) * scale
    down_u, down_v = (cu * abx - bu * acx) * scale, (cv * abx - bv * acx) * scale
    return right_u, right_v, down_u, down_v


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _paint(points, triangles, texels, atlas, decode, f, u, v, whole, colour):  # type: ignore[no-untyped-def]
    """Paint R, G, B and gloss into ``colour`` [4]: at texel (u, v), or for a ``whole`` pixel the mean of four around it."""
    if not whole:
        colour[0], colour[1], colour[2], colour[3] = texel(atlas, decode, u, v)
        return
    right_u, right_v, down_u, down_v = _slope(points, triangles, texels, f)
    if max(abs(right_u) + abs(down_u), abs(right_v) + abs(down_v)) > WIDEST:
        colour[0], colour[1], colour[2], colour[3] = texel(atlas, decode, u, v)
        return
    colour[0] = colour[1] = colour[2] = colour[3] = 0.0
    for i in range(4):
        # one lookup in each row and column of the samples: (-1/2,-3/2) (3/2,-1/2) (-3/2,1/2) (1/2,3/2)
        down = i - 1.5
        right = -0.5 if i == 0 else 1.5 if i == 1 else -1.5 if i == 2 else 0.5
        red, green, blue, gloss = texel(
            atlas, decode, u + right * right_u + down * down_u, v + right * right_v + down * down_v
        )
        colour[0] += 0.25 * red
        colour[1] += 0.25 * green
        colour[2] += 0.25 * blue
        colour[3] += 0.25 * gloss


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _interpolate(attributes, triangles, f, wa, wb, wc, at):  # type: ignore[no-untyped-def]
    """Attributes at a point of triangle ``f`` into ``at`` [16], the direction made unit length."""
    a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
    for k in range(ATTRIBUTES):
        at[k] = wa * attributes[a, k] + wb * attributes[b, k] + wc * attributes[c, k]
    x, y, z = at[DIRECTION], at[DIRECTION + 1], at[DIRECTION + 2]
    scale = 1.0 / np.sqrt(x * x + y * y + z * z + 1e-20)
    at[DIRECTION], at[DIRECTION + 1], at[DIRECTION + 2] = x * scale, y * scale, z * scale


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _reflectance(kind, at, rest_y, u, v, strands, reliefs, windows, folds, shirt, colour):  # type: ignore[no-untyped-def]
    """Reflectance R, G, B and gloss in ``colour`` [4], from the paint that it holds."""
    if kind == HAIR:
        row, column = min(max(int(v), 0), strands.shape[0] - 1), int(u) % strands.shape[1]
        shade = strands[row, column] / 128.0
        colour[0], colour[1], colour[2] = at[TINT] * shade, at[TINT + 1] * shade, at[TINT + 2] * shade
        colour[3] = HAIR_GLOSS * shade
        return
    gloss = colour[3]
    red, green, blue = colour[0] * at[TINT], colour[1] * at[TINT + 1], colour[2] * at[TINT + 2]
    if kind == SKIN:
        fold = crease(reliefs, windows, folds, u, v, at[REST])
        red, green, blue = red * (1 - 0.85 * fold), green * (1 - fold), blue * (1 - fold)
    elif kind == BODY:
        cloth, below = covered(shirt, at[REST], rest_y)
        weave = 0.86 + 0.14 * below
        red += cloth * (shirt[0] * weave - red)
        green += cloth * (shirt[1] * weave - green)
        blue += cloth * (shirt[2] * weave - blue)
        gloss *= 1 - cloth
    colour[0], colour[1], colour[2], colour[3] = red, green, blue, gloss


@njit(cache=True, error_model="numpy", _nrt=False, forceinline=True)
def _highlight(kind, at, colour, lights, camera, gaze, shine):  # type: ignore[no-untyped-def]
    """Light that is mirrored by the surface, into ``shine`` [3]."""
    shine[0] = shine[1] = shine[2] = 0.0
    gloss = colour[3]
    lit = False
    for k in range(len(lights)):
        lit = lit or at[SEEN + k] > 0.0
    if gloss <= 0.0 or not lit:
        return
    vx, vy, vz = camera[0] - at[PLACE], camera[1] - at[PLACE + 1], camera[2] - at[PLACE + 2]
    scale = 1.0 / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * scale, vy * scale, vz * scale
    nx, ny, nz = at[DIRECTION], at[DIRECTION + 1], at[DIRECTION + 2]
    if kind == EYE:
        nx, ny, nz = cornea(gaze, nx, ny, nz)
    facing = 1.0 - max(nx * vx + ny * vy + nz * vz, 0.0)
    for k in range(len(lights)):
        seen = at[SEEN + k]
        if seen <= 0.0:
            continue
        hx, hy, hz = lights[k, 0] + vx, lights[k, 1] + vy, lights[k, 2] + vz
        h = (nx * hx + ny * hy + nz * hz) / np.sqrt(hx * hx + hy * hy + hz * hz + 1e-20)
        if kind == HAIR:
            strength = hair_shine(h) * gloss * seen
            shine[0] += strength * lights[k, 3] * (0.02 + 0.9 * colour[0])
            shine[1] += strength * lights[k, 4] * (0.02 + 0.9 * colour[1])
            shine[2] += strength * lights[k, 5] * (0.02 + 0.9 * colour[2])
        elif h > 0.0:
            strength = highlight(kind, h, facing) * gloss * seen
            shine[0] += strength * lights[k, 3]
            shine[1] += strength * lights[k, 4]
            shine[2] += strength * lights[k, 5]


@njit(cache=True, error_model="numpy", _nrt=False)
def _display(linear: Floats, exposure: float, gamma: Floats) -> None:
    """Camera response v -> 1.3 v / (1 + 0.3 v) with a soft shoulder, clipped, then the sRGB curve; in place."""
    for y in range(linear.shape[0]):
        for x in range(linear.shape[1]):
            for c in range(3):
                v = linear[y, x, c] * exposure
                v = 1.3 * v / (1.0 + 0.3 * v)
                v = min(max(v, 0.0), 1.0) * GAMMA_STEPS
                k = int(v)
                linear[y, x, c] = gamma[k] + (v - k) * (gamma[k + 1] - gamma[k])
