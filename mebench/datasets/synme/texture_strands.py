"""Strands of hair: which texels of a layer are hair and which are gaps, and how light each strand is.

A layer of hair is a sheet; its texture runs along the strands from root (row 0) to tip. Inner layers are almost closed,
outer ones are thin, and every strand ends at a length of its own, so that a stack of sheets has a soft outline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.texture import smoothstep
from mebench.datasets.synme.texture_noise import field, white

Floats = NDArray[np.float32]

ROWS, COLUMNS = 192, 1024
"""Texels of one layer: along the strand and around the head."""


@dataclass(frozen=True)
class Strands:
    """All layers of a head of hair below each other. mask: uint8 ``[L*ROWS, COLUMNS]``, 255 = hair, 0 = gap.
    shade: uint8, same shape, 128 = the colour itself, k = k / 128 of it."""

    mask: NDArray[np.uint8]
    shade: NDArray[np.uint8]


def strands(key: int, cover: tuple[float, ...], ragged: float, curl: float) -> Strands:
    """Layers of strands, inner first. cover: share of hair in each layer in its middle. ragged: how unequal the strands'
    lengths are, 0 to 1. curl: waviness in texels."""
    masks, shades = zip(*(_layer(key + 16 * k, share, ragged, curl) for k, share in enumerate(cover)), strict=True)
    return Strands(np.concatenate(masks), np.concatenate(shades))


def _layer(key: int, share: float, ragged: float, curl: float) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    along = (np.arange(ROWS, dtype=np.float32) + 0.5)[:, None] / ROWS
    streak = field(key, ROWS, COLUMNS, (ROWS / 2.5, 2.2))
    lock = field(key + 1, ROWS, COLUMNS, (ROWS / 1.5, 26.0))
    tip = 1.0 - ragged * np.abs(
        field(key + 2, 1, COLUMNS, (1.0, 3.0)) * 0.28 + 0.32 * field(key + 3, 1, COLUMNS, (1.0, 22.0))
    )
    # A normal variable exceeds the threshold with probability ``share``; towards its tip a strand thins out.
    threshold = -2.2 + 4.4 * (1.0 - share) + 3.2 * smoothstep(-0.10, 0.02, along - tip)
    value = 0.85 * streak + 0.45 * lock
    # Roots do not stand in a row either.
    threshold += 3.0 * smoothstep(0.0, -0.05, along - 0.05 * np.abs(field(key + 6, 1, COLUMNS, (1.0, 2.5))))
    fine = white(key + 4, 1, COLUMNS)
    shade = np.exp(0.16 * streak + 0.16 * lock + 0.10 * fine) * (0.80 + 0.25 * smoothstep(0.0, 0.5, along))
    mask = np.where(value > threshold, 255, 0).astype(np.uint8)
    shade_bytes = np.asarray(np.clip(np.rint(shade * 128), 0, 255), np.uint8)
    if curl > 0:
        shift = curl * np.sin(along * 17.0 + 2.5 * field(key + 5, 1, COLUMNS, (1.0, 60.0)))
        source = (np.arange(COLUMNS)[None, :] + np.rint(shift).astype(int)) % COLUMNS
        rows = np.arange(ROWS)[:, None]
        mask, shade_bytes = mask[rows, source], shade_bytes[rows, source]
    return mask, shade_bytes
