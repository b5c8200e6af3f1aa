"""Brows: single hairs drawn along a centre line, over a soft shadow."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.kit import load_kit
from mebench.datasets.synme.texture import Surface, around, lay, smoothstep

Floats = NDArray[np.float32]

NODES_X = (0.075, 0.16, 0.28, 0.42, 0.52, 0.64)
NODES_Y = (7.452, 7.460, 7.472, 7.478, 7.460, 7.412)
"""Centre line over |x| on the template, dm. The inner end lies on the brow bone: lower, a neutral face looks angry."""

ARCH = (0.0, 0.05, 0.45, 1.0, 0.90, 0.30)
"""Share of the arch at each node."""

TABLE_ROWS, TABLE_COLUMNS = 200, 640
ALONG = (-0.12, 1.14)
ACROSS = (1.7, -1.7)
"""What the table of hairs covers: along the brow (0 inner, 1 outer end) and across (half widths, up is positive)."""

HAIRS = 230

TILT_TAKEN_BACK = 0.9


def paint_brows(look: Appearance, rest: Floats, paint: Floats, gloss: Floats) -> None:
    """Lay both brows over the skin in place. rest: float32 ``[V,3]``, the neutral mesh of the person."""
    at, window = around(-0.74, 0.74, 7.25, 7.70)
    distance, along = _place(look, np.asarray(NODES_Y) + _levelled(rest), at)
    # Hairs and shadow both fade over the ends and edges; the two brows have hairs of their own.
    shadow = np.exp(-(np.abs(distance * 0.95) ** 2.2)) * smoothstep(-0.05, 0.14, along) * smoothstep(1.06, 0.86, along)
    row = (distance - ACROSS[0]) / (ACROSS[1] - ACROSS[0]) * (TABLE_ROWS - 1)
    column = (along - ALONG[0]) / (ALONG[1] - ALONG[0]) * (TABLE_COLUMNS - 1)
    hairs = [
        cv2.remap(_hairs(look, side), column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) for side in (0, 1)
    ]
    strokes = np.where(at.x > 0, hairs[0], hairs[1])
    front = at.z > 0.6
    soft = np.clip(look.brows.density * 0.50 * shadow, 0, 1) * front
    dense = np.clip(look.brows.density * 1.15 * strokes, 0, 0.96) * front
    colour = np.asarray(look.hair, np.float32) * 0.9 + np.asarray(look.skin, np.float32) * 0.03
    lay(paint[window], colour, soft.astype(np.float32))
    lay(paint[window], colour, dense.astype(np.float32))
    gloss[window] *= 1.0 - 0.6 * np.maximum(soft, dense)


def _levelled(rest: Floats) -> NDArray[np.float64]:
    """Shift of the nodes on the template that undoes what the person's face does to the line, float64 ``[6]``, dm.

    Shapes of forehead and brow bone tilt the painted line; a tilted brow is an expression (low inner ends read as anger,
    high ones as sorrow), so most of the tilt is taken back, and some of the lowering. Arch and height are the person's.
    """
    kit = load_kit()
    face = kit.vertices[:, 2] > 0.6
    places, shift = kit.vertices[face], (rest - kit.vertices)[face, 1].astype(np.float64)
    moved = []
    for x, y in zip(NODES_X, NODES_Y, strict=True):
        distance = np.square(np.abs(places[:, 0]) - x) + np.square(places[:, 1] - y)
        weight = np.exp(-distance / 0.03**2)
        moved.append(float((weight * shift).sum() / weight.sum()))
    slope, middle = np.polyfit(np.asarray(NODES_X) - np.mean(NODES_X), np.asarray(moved), 1)
    tilt = slope * (np.asarray(NODES_X) - np.mean(NODES_X))
    return np.asarray(-TILT_TAKEN_BACK * tilt - 0.6 * min(float(middle), 0.0), np.float64)


def _place(look: Appearance, heights: NDArray[np.float64], at: Surface) -> tuple[Floats, Floats]:
    """Distance above the centre line in half widths, and the place along it from 0 (inner) to 1 (outer end)."""
    brows = look.brows
    width = np.abs(at.x)
    along = (width - NODES_X[0]) / (NODES_X[-1] - NODES_X[0])
    line = np.interp(width, NODES_X, heights + brows.arch * np.asarray(ARCH))
    line = line + brows.height + brows.tilt * np.clip(along, 0, 1)
    taper = 0.78 + 0.22 * smoothstep(0.0, 0.2, along) - 0.66 * smoothstep(0.45, 1.02, along)
    return ((at.y - line) / (brows.width * np.maximum(taper, 0.2))).astype(np.float32), along.astype(np.float32)


def _hairs(look: Appearance, side: int) -> Floats:
    """Opacity of the hairs of one brow: float32 ``[TABLE_ROWS, TABLE_COLUMNS]`` in [0,1].

    At the inner end hairs stand up, then they lean outwards, and at the tail they lie along the brow.
    """
    draws = Draws("brow", look.key, side)
    table = np.zeros((TABLE_ROWS, TABLE_COLUMNS), np.uint8)
    for number in range(HAIRS):
        along = (number + draws.uniform()) / HAIRS
        across = max(-1.0, min(1.0, draws.normal(-0.15, 0.45)))
        lean = 0.35 + 1.15 * min(along / 0.35, 1.0) + 0.25 * max(across, 0.0) + draws.normal(0.0, 0.12)
        length = draws.uniform(34.0, 62.0) * (1.0 - 0.35 * along)
        start_x = (along - ALONG[0]) / (ALONG[1] - ALONG[0]) * TABLE_COLUMNS - 0.4 * length * math.sin(lean)
        start_y = (across * 0.75 - ACROSS[0]) / (ACROSS[1] - ACROSS[0]) * TABLE_ROWS + 0.4 * length * math.cos(lean)
        if across > 0.35:  # upper hairs come down to the crest
            lean = math.pi - lean
        points = []
        for step in range(4):
            bend = lean + 0.10 * step
            points.append((start_x + length * step / 3 * math.sin(bend), start_y - length * step / 3 * math.cos(bend)))
        fixed = np.rint(np.asarray(points) * 16).astype(np.int32)
        cv2.polylines(table, [fixed], False, int(draws.uniform(110, 255)), 3, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(table, (0, 0), 1.6), np.float32) / 255.0
