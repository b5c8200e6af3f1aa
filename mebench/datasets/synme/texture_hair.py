"""Hair on the skin itself: the scalp under the hair, and the soft hairline."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.texture import lay, smoothstep, surface
from mebench.datasets.synme.texture_noise import field

Floats = NDArray[np.float32]

LINE_AZIMUTH = (0.0, 0.35, 0.6, 0.85, 1.1, 1.3, 1.5, 1.65, 1.9, 2.3, 3.15)
LINE_HEIGHT = (8.00, 8.01, 7.97, 7.80, 7.55, 7.35, 7.15, 7.42, 6.90, 6.72, 6.65)
"""Height (dm) of the hairline over the azimuth |atan2(x, z - 0.2)| on the template: forehead, temple, ear, nape."""

HEAD_AXIS_Z = 0.2


def hairline_height(azimuth: Floats) -> Floats:
    """Height of the hairline at |azimuth| (rad) on the template, dm."""
    return np.interp(azimuth, LINE_AZIMUTH, LINE_HEIGHT).astype(np.float32)


@cache
def above_hairline() -> Floats:
    """Height of each texel above the hairline, dm, positive on the scalp."""
    at = surface()
    azimuth = np.abs(np.arctan2(at.x, at.z - HEAD_AXIS_Z))
    return np.asarray(at.y - hairline_height(azimuth), np.float32)


def paint_scalp(look: Appearance, paint: Floats, gloss: Floats) -> None:
    """Lay the scalp's hair over the skin in place: opaque where hair grows, dissolving into strands at the hairline."""
    if look.style == "bald":
        strength, reach = 0.35, 0.22
    else:
        strength, reach = (0.93 if look.style == "buzz" else 1.0), 0.13
    at = surface()
    height, width = at.shape
    strand = field(look.key + 50, height, width, (3.0, 24.0))
    fine = field(look.key + 51, height, width, 14.0)
    alpha = strength * smoothstep(-0.05, reach, above_hairline() + 0.035 * strand) * (1 - np.clip(at.ears * 1.5, 0, 1))
    shade = np.exp(np.clip(0.30 * strand + 0.18 * fine, -1.2, 1.0))
    lay(paint, np.asarray(look.hair, np.float32) * shade[:, :, None], alpha.astype(np.float32))
    gloss += alpha * (0.12 - gloss)
