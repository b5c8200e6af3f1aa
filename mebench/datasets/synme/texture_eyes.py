"""Eyes: the two patches that are wrapped around the eyeballs, and the dark line of the lashes' roots on the lids."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.kit import load_kit
from mebench.datasets.synme.texture import EYE_PATCH, around, eye_corners, lay, smoothstep
from mebench.datasets.synme.texture_noise import field

Floats = NDArray[np.float32]

IRIS_RADIUS = 0.47
"""Radius of the iris in radii of the eyeball: 11.8 mm of 24 mm (as in anatomy)."""

PUPIL_SHARE = 0.40
"""Radius of the pupil in radii of the iris, in indoor light."""

SCLERA = (0.62, 0.57, 0.53)
LASH_COLOUR = (0.02, 0.014, 0.012)

LID_THICKNESS = 0.040
"""Distance on the template from the eyeball to the front edge of the lid, dm."""


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
    # The upper lid and its lashes shade the upper part (y grows downwards here).
    shadow = 1.0 - 0.50 * smoothstep(-0.02, -0.34, y)[:, :, None]
    return np.asarray((ball + edge * (iris - ball)) * shadow, np.float32)


LID_WINDOW = (-0.66, 0.66, 7.05, 7.50)
"""Part of the face around both eyes, dm."""


@cache
def _lid_distance() -> tuple[Floats, Floats, Floats]:
    """For each texel of the window: distance in dm to where the upper and the lower lid meet the eyeball, and the place
    along the upper lid (0 inner, 1 outer corner). Texels off the front of the face are far from both."""
    (at, _), kit = around(*LID_WINDOW), load_kit()
    front = at.z > 0.8
    places = np.stack([np.abs(at.x), at.y, at.z], axis=-1)[front].astype(np.float64)
    loop = kit.vertices[kit.lids[0]].astype(np.float64)
    outer = int(np.argmax(loop[:, 0]))
    upper, lower, along = (np.full(at.shape, value, np.float32) for value in (9.0, 9.0, 0.0))
    upper[front], along[front] = _to_polyline(places, loop[: outer + 1])
    lower[front], _ = _to_polyline(places, np.concatenate([loop[outer:], loop[:1]]))
    return upper, lower, along


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
    """A dark line of lash roots on the upper lid, a fainter one on the lower, its moist rim, and eye shadow; in place.

    The lid is :data:`LID_THICKNESS` thick: its front edge, where lashes grow, lies that far from the eyeball.
    """
    _, window = around(*LID_WINDOW)
    upper, lower, along = _lid_distance()
    skin = np.asarray(look.skin, np.float32)
    layer, shine = paint[window], gloss[window]
    rim = smoothstep(LID_THICKNESS, 0.6 * LID_THICKNESS, lower)
    lay(layer, skin * np.asarray((1.05, 0.72, 0.68), np.float32), 0.8 * rim)
    reach = LID_THICKNESS + 0.012 + 0.008 * look.makeup
    line = smoothstep(reach + 0.012, reach - 0.006, upper) * (0.45 + 0.55 * smoothstep(0.02, 0.35, along))
    strength = (0.62 if look.male else 0.74) + 0.2 * look.makeup
    lay(layer, LASH_COLOUR, np.clip(strength * line, 0, 0.95).astype(np.float32))
    below = np.exp(-np.square((lower - LID_THICKNESS - 0.004) / 0.008)) * smoothstep(0.05, 0.5, along)
    lay(layer, LASH_COLOUR, ((0.22 + 0.2 * look.makeup) * below).astype(np.float32))
    shade = 0.35 * look.makeup * np.exp(-np.square((upper - 0.07) / 0.06)) * (lower > upper)
    lay(layer, skin * np.asarray((0.42, 0.30, 0.30), np.float32), shade.astype(np.float32))
    shine += 0.8 * rim
