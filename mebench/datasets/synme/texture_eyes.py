"""Eyes: the two patches that are wrapped around the eyeballs, and the dark line of the lashes' roots on the lids."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.kit import load_kit
from mebench.datasets.synme.texture import EYE_PATCH, eye_corners, lay, smoothstep, surface
from mebench.datasets.synme.texture_noise import field

Floats = NDArray[np.float32]

IRIS_RADIUS = 0.47
"""Radius of the iris in radii of the eyeball: 11.8 mm of 24 mm (as in anatomy)."""

PUPIL_SHARE = 0.40
"""Radius of the pupil in radii of the iris, in indoor light."""

SCLERA = (0.62, 0.57, 0.53)
LASH_COLOUR = (0.02, 0.014, 0.012)


def paint_eyes(look: Appearance, paint: Floats, gloss: Floats) -> None:
    """Paint both eye patches in place."""
    for side, (left, top) in enumerate(eye_corners()):
        window = np.s_[top : top + EYE_PATCH, left : left + EYE_PATCH]
        paint[window] = _eyeball(look, look.key + 40 + side)
        gloss[window] = 1.0


def _eyeball(look: Appearance, key: int) -> Floats:
    """One patch float32 ``[P,P,3]``: the front half of the ball seen along its axis, radius = half the side."""
    size = EYE_PATCH
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis, axis)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    ball = np.asarray(SCLERA, np.float32) * (1 - 0.30 * smoothstep(0.45, 0.95, radius))[:, :, None]
    veins = np.clip(field(key, size, size, (4.0, 9.0)) - 0.9, 0, 1) * smoothstep(0.55, 0.9, radius)
    ball = ball * (1 - veins[:, :, None] * np.asarray((0.05, 0.22, 0.22), np.float32))
    share = radius / IRIS_RADIUS
    spokes = field(key + 7, 8, 512, (8.0, 5.0))[0]
    spoke = np.interp(angle, np.linspace(-np.pi, np.pi, 512), spokes).astype(np.float32)
    spoke *= smoothstep(0.35, 0.55, share)
    tone = 0.80 + 0.25 * spoke + 0.75 * smoothstep(0.95, 0.45, share)
    tone *= 1.0 - 0.72 * smoothstep(0.80, 1.0, share)
    # Light falls in from above and gathers at the lower side of the iris.
    tone *= 1.0 + 0.45 * y / IRIS_RADIUS * (share < 1)
    iris = np.asarray(look.iris, np.float32) * np.maximum(tone, 0.1)[:, :, None]
    iris *= smoothstep(PUPIL_SHARE - 0.06, PUPIL_SHARE + 0.08, share)[:, :, None]
    iris += 0.004
    edge = smoothstep(1.05, 0.95, share)[:, :, None]
    return np.asarray(ball + edge * (iris - ball), np.float32)


@cache
def _lid_distance() -> tuple[Floats, Floats, Floats]:
    """Distance in dm of each texel to the upper and to the lower lid edge, and the position along the upper lid (0-1)."""
    at, kit = surface(), load_kit()
    front = (at.z > 0.8) & (np.abs(at.y - 7.28) < 0.35) & (np.abs(at.x) < 0.7)
    rows, columns = np.nonzero(front)
    places = np.stack([np.abs(at.x), at.y, at.z], axis=-1)[rows, columns].astype(np.float64)
    loop = kit.vertices[kit.lids[0]].astype(np.float64)
    outer = int(np.argmax(loop[:, 0]))
    upper, lower = loop[: outer + 1], np.concatenate([loop[outer:], loop[:1]])
    maps = []
    for line in (upper, lower):
        out = np.full(at.shape, 9.0, np.float32)
        distance, along = _to_polyline(places, line)
        out[rows, columns] = distance
        maps.append(out)
        if line is upper:
            position = np.zeros(at.shape, np.float32)
            position[rows, columns] = along
    return maps[0], maps[1], position


def _to_polyline(points: NDArray[np.float64], line: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """Distance of points [N,3] to a polyline [M,3], and the share of the polyline at the nearest place."""
    best = np.full(len(points), np.inf)
    where = np.zeros(len(points))
    for k in range(len(line) - 1):
        start, step = line[k], line[k + 1] - line[k]
        t = np.clip((points - start) @ step / max(float(step @ step), 1e-12), 0, 1)
        distance = np.linalg.norm(points - start - t[:, None] * step, axis=1)
        nearer = distance < best
        best[nearer], where[nearer] = distance[nearer], (k + t[nearer]) / (len(line) - 1)
    return best.astype(np.float32), where.astype(np.float32)


def paint_lids(look: Appearance, paint: Floats, gloss: Floats) -> None:
    """Lash roots on the upper lid, a faint line on the lower, a moist rim, and for some women eye liner; in place."""
    upper, lower, along = _lid_distance()
    weight = 0.55 + 0.45 * smoothstep(0.05, 0.45, along)
    strength = 0.72 + 0.2 * look.makeup + (0.0 if look.male else 0.05)
    reach = 0.020 + 0.006 * look.makeup
    alpha = strength * weight * np.exp(-np.square(upper / reach))
    lay(paint, LASH_COLOUR, np.clip(alpha, 0, 0.95).astype(np.float32))
    lay(paint, LASH_COLOUR, (0.30 * np.exp(-np.square(lower / 0.016))).astype(np.float32))
    if look.makeup > 0:
        shadow = 0.22 * look.makeup * np.exp(-np.square((upper - 0.03) / 0.06)) * (lower > upper)
        lay(
            paint,
            np.asarray(look.skin, np.float32) * np.asarray((0.45, 0.33, 0.33), np.float32),
            shadow.astype(np.float32),
        )
    gloss += 0.5 * np.exp(-np.square(lower / 0.012))


def soften(mask: Floats, texels: float) -> Floats:
    """Gaussian blur by ``texels``."""
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), texels), np.float32)
