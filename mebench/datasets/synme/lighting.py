"""Light on the head: an environment of 64 directions and precomputed visibility of each vertex.

Precomputed radiance transfer (Sloan, Kautz & Snyder, SIGGRAPH 2002) in its simplest basis, a set of directions: soft
shadows, ambient occlusion and the reddish terminator of skin come out of one sum over directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mebench.datasets.synme.raster import SUBPIXEL, blank, fill

Floats = NDArray[np.float32]

DIRECTIONS = 64
"""Directions of the environment: enough for lobes of exponent 6 without visible banding."""

WRAP = (0.22, 0.12, 0.08)
"""How far light of each colour wraps past the terminator: red scatters furthest in skin."""

SHADOW_SIZE = 192
"""Side of the depth map of each direction: about 0.025 dm a texel."""

BIAS = 0.05
"""Depth in dm by which an occluder must stand in front: the thickness of a lid or a layer of hair."""


@dataclass(frozen=True)
class Light:
    """A light far away. direction: towards it, xyz, any length. strength: irradiance it gives a surface that faces it.

    exponent: of the lobe cos^p, larger is sharper. colour: linear RGB, mean about 1.
    """

    direction: tuple[float, float, float]
    strength: float
    exponent: float
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)


@cache
def directions() -> Floats:
    """Unit vectors float32 ``[64,3]`` spread evenly (Fibonacci lattice on the sphere)."""
    k = np.arange(DIRECTIONS) + 0.5
    y = 1.0 - 2.0 * k / DIRECTIONS
    angle = k * np.pi * (3.0 - np.sqrt(5.0))
    radius = np.sqrt(1.0 - y * y)
    return np.stack([radius * np.cos(angle), y, radius * np.sin(angle)], axis=1).astype(np.float32)


def environment(lights: Sequence[Light], ambient: float, sky: float = 0.35) -> Floats:
    """Radiance from each direction: float32 ``[64,3]``, linear.

    ambient: mean radiance of the surroundings; ``sky`` tilts it, brighter from above than from below.
    Each light spreads over the lobe max(0, d.l)^p, normalised so that its strength does not depend on p.
    """
    around = directions().astype(np.float64)
    radiance = np.repeat(ambient * (1.0 + sky * around[:, 1:2]), 3, axis=1)
    for light in lights:
        towards = np.asarray(light.direction, np.float64)
        towards = towards / np.linalg.norm(towards)
        lobe = np.maximum(around @ towards, 0.0) ** light.exponent
        radiance += light.strength * (DIRECTIONS / 4) * (lobe / lobe.sum())[:, None] * np.asarray(light.colour)
    return radiance.astype(np.float32)


def visibility(vertices: Floats, triangles: NDArray[np.int32], receivers: int | None = None) -> Floats:
    """How much of each direction every vertex sees: float32 ``[R,64]`` in [0,1].

    vertices: ``[V,3]`` at rest; the first ``receivers`` of them are asked (all by default). triangles: ``[F,3]``, the
    occluders, closed or two-sided. One orthographic depth map per direction, 2x2 texels filtered.
    """
    count = len(vertices) if receivers is None else receivers
    out = np.empty((count, DIRECTIONS), np.float32)
    for k, towards in enumerate(directions()):
        out[:, k] = _seen_from(vertices, triangles, towards, count)
    return out


def _seen_from(vertices: Floats, triangles: NDArray[np.int32], towards: Floats, count: int) -> Floats:
    """Visibility of the first ``count`` vertices from one direction."""
    up = np.array([0.0, 0.0, 1.0]) if abs(towards[1]) > 0.9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(up, towards)
    right /= np.linalg.norm(right)
    above = np.cross(towards, right)
    plane = np.stack([vertices @ right, -(vertices @ above)], axis=1)
    low, high = plane.min(axis=0), plane.max(axis=0)
    texels = (plane - low) * ((SHADOW_SIZE - 4) / (high - low).max()) + 1.5
    near = (vertices @ towards).astype(np.float32)
    near = near - near.min() + 1.0  # the z-buffer is cleared to zero
    points = np.floor(texels * SUBPIXEL + 0.5).astype(np.int64)
    index, depth = blank(SHADOW_SIZE, SHADOW_SIZE)
    nothing = np.zeros((1, 3, 2), np.float32)
    everything = np.arange(len(triangles), dtype=np.int32)
    fill(points, near, triangles, everything, True, nothing, np.zeros((1, 1), np.uint8), False, index, depth)
    return _compare(texels[:count].astype(np.float32), near[:count], depth)


@njit(cache=True)
def _compare(texels: Floats, near: Floats, depth: Floats) -> Floats:
    """Bilinear share of the four texels around each point whose occluder is not in front of it."""
    out = np.empty(len(texels), np.float32)
    for i in range(len(texels)):
        column, row = int(texels[i, 0]), int(texels[i, 1])
        fx, fy = texels[i, 0] - column, texels[i, 1] - row
        seen = 0.0
        limit = near[i] + BIAS
        if depth[row, column] <= limit:
            seen += (1 - fx) * (1 - fy)
        if depth[row, column + 1] <= limit:
            seen += fx * (1 - fy)
        if depth[row + 1, column] <= limit:
            seen += (1 - fx) * fy
        if depth[row + 1, column + 1] <= limit:
            seen += fx * fy
        out[i] = seen
    return out


@njit(cache=True)
def normals(vertices: Floats, triangles: NDArray[np.int32]) -> Floats:
    """Area-weighted vertex normals float32 ``[V,3]``, unit length (0,0,1 where no triangle meets)."""
    total = np.zeros((len(vertices), 3), np.float64)
    for f in range(len(triangles)):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            total[k, 0] += nx
            total[k, 1] += ny
            total[k, 2] += nz
    out = np.empty((len(vertices), 3), np.float32)
    for i in range(len(vertices)):
        length = np.sqrt(total[i, 0] ** 2 + total[i, 1] ** 2 + total[i, 2] ** 2)
        if length > 1e-12:
            out[i, 0], out[i, 1], out[i, 2] = total[i, 0] / length, total[i, 1] / length, total[i, 2] / length
        else:
            out[i, 0], out[i, 1], out[i, 2] = 0.0, 0.0, 1.0
    return out


TILE = 256
"""Vertices that :func:`irradiance` handles together."""


@njit(cache=True)
def irradiance(normal: Floats, seen: Floats, radiance: Floats, around: Floats, wrap: Floats) -> Floats:
    """Diffuse light at each vertex: float32 ``[V,3]``.

    E_c = (4/64) sum_d L_dc V_dv max(0, (n.d + w_c) / (1 + w_c)); normal ``[V,3]``, seen ``[64,V]``, radiance
    ``[64,3]``, around ``[64,3]`` (the directions), wrap ``[3]``.
    """
    out = np.empty((len(normal), 3), np.float32)
    nx, ny, nz = np.empty(TILE, np.float32), np.empty(TILE, np.float32), np.empty(TILE, np.float32)
    cosine, red, green, blue = np.empty(TILE, np.float32), np.empty(TILE), np.empty(TILE), np.empty(TILE)
    count = len(around)
    scale = 4.0 / count
    for start in range(0, len(normal), TILE):
        some = min(TILE, len(normal) - start)
        for j in range(some):
            nx[j], ny[j], nz[j] = normal[start + j, 0], normal[start + j, 1], normal[start + j, 2]
            red[j] = green[j] = blue[j] = 0.0
        for d in range(count):
            ax, ay, az = around[d, 0], around[d, 1], around[d, 2]
            shares = seen[d, start : start + some]
            for j in range(some):
                cosine[j] = nx[j] * ax + ny[j] * ay + nz[j] * az
            _gather(cosine, shares, radiance[d, 0], wrap[0], red)
            _gather(cosine, shares, radiance[d, 1], wrap[1], green)
            _gather(cosine, shares, radiance[d, 2], wrap[2], blue)
        for j in range(some):
            out[start + j, 0] = red[j] * scale / (1.0 + wrap[0])
            out[start + j, 1] = green[j] * scale / (1.0 + wrap[1])
            out[start + j, 2] = blue[j] * scale / (1.0 + wrap[2])
    return out


@njit(cache=True, forceinline=True)
def _gather(cosine, shares, strength, wrap, total):  # type: ignore[no-untyped-def]
    """Add the light of one direction and colour to ``total``; a loop of its own, which becomes vector instructions."""
    for j in range(len(shares)):
        total[j] += strength * shares[j] * max(cosine[j] + wrap, 0.0)
