"""How a few clips travel in a submission: their movement kept better, and smaller, than plain JPEG frames would keep it.

A panel is one tile with the onset frame and one tile a frame with the difference from it, in levels that are fine near
zero and coarse far from it: ``128 + A asinh(d / S)`` for a difference d of -255 to 255. A movement of half a pixel
changes a face by a few levels, which plain JPEG loses among its own errors. Motion fields are grey tiles, x then y for
each frame, with 128 for rest. The site's player (``mebench/runs/page/script/lens.js``) undoes both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.motion.flow import Flow
from mebench.runs.page.sheet import encode, scaled

SIDE = 192
"""Pixels of a tile: with 13 frames a clip of four panels and three motion fields takes about 100 kB."""

GRID = 64
"""Cells along a side of a motion field: one for 4 px of 256, as fine as the smoothing of the field (sigma 3 px)."""

FINE = 16.0
"""Levels: below this difference the code is nearly linear, 2.3 steps a level."""

REACH = 127.0 / math.asinh(255.0 / FINE)
"""Makes a difference of 255 the largest code."""

QUALITY = 64
"""JPEG quality of the tiles: mean error of a difference below one level of 255 on the open set."""

MOTION_QUALITY = 92
"""JPEG quality of the fields: mean error 0.003 px, largest 0.09 px, on the open set."""


@dataclass(frozen=True)
class Film:
    """Tiles of all panels. data: JPEG. columns: tiles in a row. starts: index of each panel's first tile: its onset frame,
    followed by its differences; a still has the first tile alone."""

    data: bytes
    columns: int
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Fields:
    """Motion fields. data: grey JPEG. starts: index of each field's first tile. reach: pixels of displacement at the code
    255 (and its negative at 1)."""

    data: bytes
    columns: int
    starts: tuple[int, ...]
    reach: float


def film(panels: Sequence[Pixels], onset: int, side: int = SIDE) -> Film:
    """``panels``: uint8 ``[T,S,S,3]`` each, or ``[1,S,S,3]`` for a still, at most ``side`` pixels in the film."""
    side = min(side, panels[0].shape[1] // 16 * 16)
    tiles: list[Pixels] = []
    starts: list[int] = []
    for frames in panels:
        starts.append(len(tiles))
        small = [scaled(frame, side) for frame in frames]
        base = small[onset if len(small) > 1 else 0]
        tiles.append(base)
        if len(small) > 1:
            tiles += [code(frame, base) for frame in small]
    columns = math.ceil(math.sqrt(len(tiles)))
    return Film(encode(_grid(tiles, columns), QUALITY), columns, tuple(starts))


def code(frame: Pixels, base: Pixels) -> Pixels:
    """The difference of two uint8 pictures as uint8."""
    difference = frame.astype(np.float64) - base
    return np.asarray(np.rint(128.0 + REACH * np.arcsinh(difference / FINE)), dtype=np.uint8)


def decode(coded: Pixels) -> NDArray[np.float64]:
    """The difference that :func:`code` wrote."""
    return FINE * np.sinh((coded.astype(np.float64) - 128.0) / REACH)


def fields(motions: Sequence[Flow]) -> Fields:
    """``motions``: float32 ``[T,h,w,2]`` each, in pixels of the scoring size."""
    small = [
        np.stack([cv2.resize(f, (GRID, GRID), interpolation=cv2.INTER_AREA) for f in motion]) for motion in motions
    ]
    reach = max(0.01, *(float(np.abs(motion).max()) for motion in small))
    tiles: list[Pixels] = []
    starts: list[int] = []
    for motion in small:
        starts.append(len(tiles))
        for field in np.rint(128.0 + 127.0 * motion / reach).astype(np.uint8):
            tiles += [field[..., 0], field[..., 1]]
    columns = math.ceil(math.sqrt(len(tiles)))
    options = [cv2.IMWRITE_JPEG_QUALITY, MOTION_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    data = cv2.imencode(".jpg", _grid(tiles, columns), options)[1].tobytes()
    return Fields(data, columns, tuple(starts), round(reach, 6))


def _grid(tiles: Sequence[Pixels], columns: int) -> Pixels:
    side, rows = tiles[0].shape[0], -(-len(tiles) // columns)
    canvas = np.full((rows * side, columns * side, *tiles[0].shape[2:]), 128, dtype=np.uint8)
    for index, tile in enumerate(tiles):
        top, left = index // columns * side, index % columns * side
        canvas[top : top + side, left : left + side] = tile
    return canvas
