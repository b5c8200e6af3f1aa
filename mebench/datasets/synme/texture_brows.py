"""Brows: many short hairs along a centre line, laid over a soft shadow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.texture import Surface, lay, smoothstep, surface
from mebench.datasets.synme.texture_noise import field

Floats = NDArray[np.float32]

NODES_X = (0.075, 0.16, 0.28, 0.42, 0.52, 0.64)
NODES_Y = (7.452, 7.462, 7.474, 7.478, 7.458, 7.408)
"""Centre line over |x| on the template, dm. The inner end lies on the brow bone: lower, a neutral face looks angry."""

ARCH = (0.0, 0.10, 0.55, 1.0, 0.85, 0.25)
"""Share of the arch at each node."""


def brow_distance(look: Appearance, at: Surface) -> tuple[Floats, Floats]:
    """Signed distance to the centre line in half widths, and the position along it from 0 (inner) to 1 (outer end)."""
    brows = look.brows
    along = (np.abs(at.x) - NODES_X[0]) / (NODES_X[-1] - NODES_X[0])
    line = np.interp(np.abs(at.x), NODES_X, np.asarray(NODES_Y) + brows.arch * np.asarray(ARCH))
    line = line + brows.height + brows.tilt * np.clip(along, 0, 1)
    taper = 0.72 + 0.28 * smoothstep(0.0, 0.18, along) - 0.68 * smoothstep(0.5, 1.02, along)
    distance = (at.y - line) / (brows.width * np.maximum(taper, 0.15))
    return distance.astype(np.float32), along.astype(np.float32)


def paint_brows(look: Appearance, paint: Floats, gloss: Floats) -> None:
    """Lay both brows over the skin in place."""
    at = surface()
    height, width = at.shape
    distance, along = brow_distance(look, at)
    ends = smoothstep(-0.06, 0.10, along) * smoothstep(1.05, 0.90, along)
    body = np.exp(-(np.abs(distance) ** 2.4)) * ends * (at.z > 0.6)
    # Hairs point outwards and up near the nose, outwards and down at the tail: noise stretched along that direction.
    strands = _strands(look.key + 30, height, width, along, distance)
    alpha = body * look.brows.density * np.clip(0.66 + 0.42 * strands, 0.05, 1.15)
    colour = np.asarray(look.hair, np.float32) * 0.9 + np.asarray(look.skin, np.float32) * 0.03
    lay(paint, colour, np.clip(alpha, 0, 0.97).astype(np.float32))
    gloss *= 1.0 - 0.6 * np.clip(alpha, 0, 1)


def _strands(key: int, height: int, width: int, along: Floats, distance: Floats) -> Floats:
    """Streaks of unit variance that follow the hairs, as a function of the brow's own coordinates."""
    table = field(key, 256, 512, (9.0, 2.2))
    lean = 0.055 * distance * (1.0 - 0.75 * smoothstep(0.15, 0.6, along))
    column = np.clip((along - lean + 0.1) / 1.25, 0, 1) * 511
    row = np.clip(distance * 0.22 + 0.5, 0, 1) * 255
    import cv2

    return np.asarray(cv2.remap(table, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR), np.float32)
