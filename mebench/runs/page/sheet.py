"""One picture a clip: every frame of every panel as a tile, so that panels cannot drift apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mebench.clip import Pixels
from mebench.errors import InputError

BUDGET = 1_100_000
"""Bytes that the tiles of one clip may take: twelve clips stay below 15 MB."""

LADDER = ((256, 88), (256, 80), (224, 80), (192, 80), (160, 75), (128, 70), (96, 60))
"""(largest side of a tile, JPEG quality), from the best down. Sides are multiples of 16, so that neighbouring tiles
share no block of the JPEG, chroma at half resolution included."""

LARGEST_SIDE = 8192
"""Pixels: what every browser can decode and draw, telephones included."""


@dataclass(frozen=True)
class Sheet:
    """An encoded sheet. data: JPEG. side: side of a tile in pixels. columns: tiles in a row, filled row by row."""

    data: bytes
    side: int
    columns: int


def sheet(tiles: Pixels, budget: int = BUDGET) -> Sheet:
    """All ``tiles`` (uint8 ``[N,S,S,3]``, RGB) in one JPEG of at most ``budget`` bytes where the ladder reaches that.

    :class:`~mebench.errors.InputError` when there are too many tiles for one picture at the smallest size.
    """
    made: Sheet | None = None
    for side, quality in LADDER:
        side = min(side, max(16, tiles.shape[1] // 16 * 16))
        columns = math.ceil(math.sqrt(len(tiles)))
        if columns * side > LARGEST_SIDE:
            continue
        made = Sheet(encode(_compose(tiles, side, columns), quality), side, columns)
        if len(made.data) <= budget:
            break
    if made is None:
        raise InputError(f"the clip has {len(tiles)} pictures, too many for the page; lower the protocol's max_fps.")
    return made


def encode(picture: Pixels, quality: int) -> bytes:
    """JPEG of uint8 ``[H,W,3]``, RGB."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise InputError(f"a picture of {picture.shape[1]} x {picture.shape[0]} pixels cannot be written as JPEG.")
    return data.tobytes()


def scaled(frame: Pixels, side: int) -> Pixels:
    """uint8 ``[S,S,3]`` at ``side`` pixels, by area."""
    if frame.shape[:2] == (side, side):
        return frame
    return np.asarray(cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _compose(tiles: Sequence[Pixels] | Pixels, side: int, columns: int) -> Pixels:
    rows = -(-len(tiles) // columns)
    canvas = np.zeros((rows * side, columns * side, 3), dtype=np.uint8)
    for index, tile in enumerate(tiles):
        top, left = index // columns * side, index % columns * side
        canvas[top : top + side, left : left + side] = scaled(tile, side)
    return canvas
