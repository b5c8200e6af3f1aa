"""From the visibility buffer to pixels: one pass over the frame, in linear light.

Visibility is known at 4 x 4 samples a pixel. Inside a surface four of them (one in each row and column) are shaded; where
surfaces meet, all sixteen, so that silhouettes, lids and strands of hair come out smooth.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mebench.datasets.synme.raster import barycentrics

Floats = NDArray[np.float32]

SUPERSAMPLING = 4
"""Samples a side and pixel."""

SKIN, BODY, EYE, WET, HAIR, LASH = range(6)
"""Kinds of surface."""

DEPTH_STEP = 0.03
"""Relative difference of inverse depth within a pixel that counts as an edge of a surface in front of another."""

GAMMA_STEPS = 4096


class Scene(NamedTuple):
    """What does not change within a clip.

    triangles int32 ``[G,3]``; kind uint8 ``[G]``; texels float32 ``[G,3,2]`` into the atlas; atlas uint8 ``[H,W,4]``,
    square root of reflectance and of half the gloss; reliefs int8 ``[P,H,W]``; tint float32 ``[V,3]``, a factor on the
    atlas; rest float32 ``[V,3]``, template places; seen float32 ``[V,L]``, visibility of each light; lights float32
    ``[L,3]`` (towards, unit) and colours float32 ``[L,3]``; background float32 ``[S,S,3]``, linear; shirt float32
    ``[4]``, colour and the neckline's kind; camera float32 ``[3]``.
    """

    triangles: NDArray[np.int32]
    kind: NDArray[np.uint8]
    texels: Floats
    atlas: NDArray[np.uint8]
    reliefs: NDArray[np.int8]
    tint: Floats
    rest: Floats
    seen: Floats
    lights: Floats
    colours: Floats
    background: Floats
    shirt: Floats
    camera: Floats


class Moment(NamedTuple):
    """What changes from frame to frame.

    index int32 ``[4S,4S]``; points int64 ``[V,2]``; inverse float32 ``[V]``; vertices, normals and light float32
    ``[V,3]``; tangents float32 ``[V,3]`` (hair); folds float32 ``[2,P]``, depth of each relief left and right;
    gaze float32 ``[2,3]``, axis of each eye; exposure.
    """

    index: NDArray[np.int32]
    points: NDArray[np.int64]
    inverse: Floats
    vertices: Floats
    normals: Floats
    tangents: Floats
    light: Floats
    folds: Floats
    gaze: Floats
    exposure: float


@cache
def decode_table() -> Floats:
    """Value of an 8-bit square root: float32 ``[256]``, k -> (k / 255)^2."""
    return np.square(np.arange(256) / 255.0).astype(np.float32)


@cache
def gamma_table() -> Floats:
    """The sRGB curve (IEC 61966-2-1) at k / 4096: float32 ``[4098]``, the last entry repeated."""
    v = np.arange(GAMMA_STEPS + 1) / GAMMA_STEPS
    curve = np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)
    return np.append(curve, 1.0).astype(np.float32)


def shade(scene: Scene, moment: Moment) -> Floats:
    """The frame, display-referred: float32 ``[S,S,3]`` in [0,1]."""
    return np.asarray(_shade(scene, moment, decode_table(), gamma_table()), np.float32)


@njit(cache=True)
def _shade(scene: Scene, moment: Moment, decode: Floats, gamma: Floats) -> Floats:
    size = scene.background.shape[0]
    out = np.empty((size, size, 3), np.float32)
    k = SUPERSAMPLING
    sample = np.empty(3, np.float64)
    for row in range(size):
        for column in range(size):
            total_r = total_g = total_b = 0.0
            count = 0
            full = _is_edge(scene, moment, row, column)
            for sy in range(k):
                for sx in range(k):
                    # one sample in each row and column: (0,1) (1,3) (2,0) (3,2)
                    if not full and sx != ((2 * sy + 1) if sy < 2 else (2 * sy - 4)):
                        continue
                    x, y = column * k + sx, row * k + sy
                    f = moment.index[y, x]
                    if f < 0:
                        sample[0] = scene.background[row, column, 0]
                        sample[1] = scene.background[row, column, 1]
                        sample[2] = scene.background[row, column, 2]
                    else:
                        _shade_sample(scene, moment, decode, f, x, y, sample)
                    total_r += sample[0]
                    total_g += sample[1]
                    total_b += sample[2]
                    count += 1
            scale = moment.exposure / count
            out[row, column, 0] = _display(total_r * scale, gamma)
            out[row, column, 1] = _display(total_g * scale, gamma)
            out[row, column, 2] = _display(total_b * scale, gamma)
    return out


@njit(cache=True)
def _is_edge(scene: Scene, moment: Moment, row: int, column: int) -> bool:
    """Whether the samples of a pixel lie on different surfaces."""
    k = SUPERSAMPLING
    first = moment.index[row * k, column * k]
    kind = -1 if first < 0 else scene.kind[first]
    low = high = 0.0 if first < 0 else moment.inverse[scene.triangles[first, 0]]
    for sy in range(k):
        for sx in range(k):
            f = moment.index[row * k + sy, column * k + sx]
            if f == first:
                continue
            if f < 0 or kind < 0 or scene.kind[f] != kind:
                return True
            depth = moment.inverse[scene.triangles[f, 0]]
            low, high = min(low, depth), max(high, depth)
    return high - low > DEPTH_STEP * high


@njit(cache=True)
def _display(value: float, gamma: Floats) -> float:
    """Camera response v -> 1.12 v / (1 + 0.18 v) with a soft shoulder, clipped, then the sRGB curve."""
    v = 1.12 * value / (1.0 + 0.18 * value)
    v = min(max(v, 0.0), 1.0) * GAMMA_STEPS
    k = int(v)
    return gamma[k] + (v - k) * (gamma[k + 1] - gamma[k])


@njit(cache=True)
def _smooth(low: float, high: float, value: float) -> float:
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@njit(cache=True)
def _shade_sample(scene: Scene, moment: Moment, decode: Floats, f: int, x: int, y: int, out: NDArray[np.float64]) -> None:
    """Linear radiance of triangle ``f`` at sample (x, y), into ``out`` [3]."""
    wa, wb, wc = barycentrics(moment.points, moment.inverse, scene.triangles, f, x, y)
    a, b, c = scene.triangles[f, 0], scene.triangles[f, 1], scene.triangles[f, 2]
    kind = scene.kind[f]
    n, light = moment.normals, moment.light
    nx = wa * n[a, 0] + wb * n[b, 0] + wc * n[c, 0]
    ny = wa * n[a, 1] + wb * n[b, 1] + wc * n[c, 1]
    nz = wa * n[a, 2] + wb * n[b, 2] + wc * n[c, 2]
    scale = 1.0 / np.sqrt(nx * nx + ny * ny + nz * nz + 1e-20)
    nx, ny, nz = nx * scale, ny * scale, nz * scale
    u = wa * scene.texels[f, 0, 0] + wb * scene.texels[f, 1, 0] + wc * scene.texels[f, 2, 0]
    v = wa * scene.texels[f, 0, 1] + wb * scene.texels[f, 1, 1] + wc * scene.texels[f, 2, 1]
    red, green, blue, gloss = _texel(scene.atlas, decode, u, v)
    tint = scene.tint
    red *= wa * tint[a, 0] + wb * tint[b, 0] + wc * tint[c, 0]
    green *= wa * tint[a, 1] + wb * tint[b, 1] + wc * tint[c, 1]
    blue *= wa * tint[a, 2] + wb * tint[b, 2] + wc * tint[c, 2]
    px = wa * moment.vertices[a, 0] + wb * moment.vertices[b, 0] + wc * moment.vertices[c, 0]
    py = wa * moment.vertices[a, 1] + wb * moment.vertices[b, 1] + wc * moment.vertices[c, 1]
    pz = wa * moment.vertices[a, 2] + wb * moment.vertices[b, 2] + wc * moment.vertices[c, 2]
    rest_x = wa * scene.rest[a, 0] + wb * scene.rest[b, 0] + wc * scene.rest[c, 0]
    rest_y = wa * scene.rest[a, 1] + wb * scene.rest[b, 1] + wc * scene.rest[c, 1]
    if kind == SKIN:
        fold = _fold(scene, moment.folds, u, v, rest_x)
        red, green, blue = red * (1 - 0.85 * fold), green * (1 - fold), blue * (1 - fold)
    elif kind == BODY:
        cloth = _cloth(scene.shirt, rest_x, rest_y)
        red += cloth * (scene.shirt[0] - red)
        green += cloth * (scene.shirt[1] - green)
        blue += cloth * (scene.shirt[2] - blue)
        gloss *= 1 - cloth
    out[0] = red * (wa * light[a, 0] + wb * light[b, 0] + wc * light[c, 0])
    out[1] = green * (wa * light[a, 1] + wb * light[b, 1] + wc * light[c, 1])
    out[2] = blue * (wa * light[a, 2] + wb * light[b, 2] + wc * light[c, 2])
    vx, vy, vz = scene.camera[0] - px, scene.camera[1] - py, scene.camera[2] - pz
    scale = 1.0 / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * scale, vy * scale, vz * scale
    if kind == EYE:
        nx, ny, nz = _cornea(moment.gaze, 0 if rest_x > 0 else 1, nx, ny, nz)
    for k in range(len(scene.lights)):
        seen = wa * scene.seen[a, k] + wb * scene.seen[b, k] + wc * scene.seen[c, k]
        if seen <= 0.0 or (gloss <= 0.0 and kind != HAIR):
            continue
        hx, hy, hz = scene.lights[k, 0] + vx, scene.lights[k, 1] + vy, scene.lights[k, 2] + vz
        scale = 1.0 / np.sqrt(hx * hx + hy * hy + hz * hz + 1e-20)
        if kind == HAIR:
            t = moment.tangents
            tx = wa * t[a, 0] + wb * t[b, 0] + wc * t[c, 0]
            ty = wa * t[a, 1] + wb * t[b, 1] + wc * t[c, 1]
            tz = wa * t[a, 2] + wb * t[b, 2] + wc * t[c, 2]
            norm = 1.0 / np.sqrt(tx * tx + ty * ty + tz * tz + 1e-20)
            along = (tx * hx + ty * hy + tz * hz) * scale * norm
            shine = _hair_shine(along, gloss) * seen
            out[0] += shine * scene.colours[k, 0] * (0.03 + 0.55 * red)
            out[1] += shine * scene.colours[k, 1] * (0.03 + 0.55 * green)
            out[2] += shine * scene.colours[k, 2] * (0.03 + 0.55 * blue)
            continue
        h = max((nx * hx + ny * hy + nz * hz) * scale, 0.0)
        facing = 1.0 - max(nx * vx + ny * vy + nz * vz, 0.0)
        shine = _shine(kind, h, facing) * gloss * seen
        out[0] += shine * scene.colours[k, 0]
        out[1] += shine * scene.colours[k, 1]
        out[2] += shine * scene.colours[k, 2]


@njit(cache=True)
def _shine(kind: int, h: float, facing: float) -> float:
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


@njit(cache=True)
def _hair_shine(along: float, gloss: float) -> float:
    """Kajiya and Kay (SIGGRAPH 1989): a highlight across the strands, sin(tangent, half)^p."""
    sine2 = max(1.0 - along * along, 0.0)
    s8 = sine2 * sine2 * sine2 * sine2
    s32 = s8 * s8 * s8 * s8
    return gloss * (0.25 * s8 + 0.75 * s32 * s32)


@njit(cache=True)
def _cornea(axes: Floats, side: int, nx: float, ny: float, nz: float) -> tuple[float, float, float]:
    """The normal of the eye's surface: the cornea is a smaller ball, so its normals turn faster than the eyeball's."""
    ax, ay, az = axes[side, 0], axes[side, 1], axes[side, 2]
    along = nx * ax + ny * ay + nz * az
    if along < 0.85:
        return nx, ny, nz
    blend = _smooth(0.85, 0.90, along) * 0.55
    nx += blend * (nx - along * ax)
    ny += blend * (ny - along * ay)
    nz += blend * (nz - along * az)
    scale = 1.0 / np.sqrt(nx * nx + ny * ny + nz * nz)
    return nx * scale, ny * scale, nz * scale


@njit(cache=True)
def _texel(atlas: NDArray[np.uint8], decode: Floats, u: float, v: float) -> tuple[float, float, float, float]:
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


@njit(cache=True)
def _fold(scene: Scene, folds: Floats, u: float, v: float, rest_x: float) -> float:
    """Darkening by the creases at texel (u, v): sum of depth times relief, each side with its own depth."""
    left = _smooth(-0.05, 0.05, rest_x)
    reliefs = scene.reliefs
    height, width = reliefs.shape[1], reliefs.shape[2]
    u = min(max(u, 0.0), width - 1.001)
    v = min(max(v, 0.0), height - 1.001)
    x, y = int(u), int(v)
    fx, fy = u - x, v - y
    total = 0.0
    for p in range(folds.shape[1]):
        depth = left * folds[0, p] + (1.0 - left) * folds[1, p]
        if depth <= 0.0:
            continue
        value = (1 - fy) * ((1 - fx) * reliefs[p, y, x] + fx * reliefs[p, y, x + 1])
        value += fy * ((1 - fx) * reliefs[p, y + 1, x] + fx * reliefs[p, y + 1, x + 1])
        total += depth * value * 0.01
    return min(max(total, -0.4), 0.7)


@njit(cache=True)
def _cloth(shirt: Floats, x: float, y: float) -> float:
    """How much cloth covers the body at template (x, y): round, V-shaped or wide neckline."""
    width = abs(x)
    if shirt[3] == 1.0:
        edge = 5.86 - max(0.62 - 1.05 * width, 0.0)
    elif shirt[3] == 2.0:
        edge = 5.78 - 0.34 * np.exp(-((width / 0.75) ** 4))
    else:
        edge = 5.86 - 0.22 * np.exp(-((width / 0.42) ** 2))
    return _smooth(0.012, -0.012, y - edge)
