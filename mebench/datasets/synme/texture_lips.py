"""Lips: redder, darker towards the seam, with fine upright lines and a moist gloss."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.texture import around, smoothstep
from mebench.datasets.synme.texture_noise import field

Floats = NDArray[np.float32]


def paint_lips(look: Appearance, paint: Floats, gloss: Floats) -> None:
    """Colour the lips in place."""
    at, window = around(-0.5, 0.5, 6.35, 6.95)
    height, width = at.shape
    alpha = smoothstep(0.22, 0.80, cv2.GaussianBlur(at.lips, (0, 0), 2.2))
    red = 0.35 + 0.65 * look.lips
    tint = np.asarray((0.92 - 0.10 * red, 0.68 - 0.26 * red, 0.68 - 0.22 * red), np.float32)
    # The layout has the lips' upright direction along its rows, so lines are long across and thin down.
    lines = field(look.key + 20, height, width, (2.2, 14.0))
    shade = tint * (1.0 + 0.05 * lines[:, :, None])
    paint[window] *= 1.0 + alpha[:, :, None] * (shade - 1.0)
    gloss[window] += alpha * (0.30 + 0.12 * lines + 0.25 * look.makeup - gloss[window] * 0.2)


def lip_colour(look: Appearance) -> tuple[float, float, float]:
    """Reflectance of the inner lip, for the skin just inside the mouth."""
    red = 0.35 + 0.65 * look.lips
    return look.skin[0] * (0.80 - 0.10 * red), look.skin[1] * (0.52 - 0.22 * red), look.skin[2] * (0.52 - 0.18 * red)
