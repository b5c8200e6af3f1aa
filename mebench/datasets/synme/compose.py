"""All layers of paint together: the atlas of a person, and the colour of the parts that are not on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.kit import Kit, Part
from mebench.datasets.synme.texture import LIP_TEXEL, SKIN_TEXEL, WHITE_TEXEL, smoothstep
from mebench.datasets.synme.texture_brows import paint_brows
from mebench.datasets.synme.texture_eyes import paint_eyes, paint_lids
from mebench.datasets.synme.texture_hair import paint_scalp
from mebench.datasets.synme.texture_lips import lip_colour, paint_lips
from mebench.datasets.synme.texture_skin import paint_skin

Floats = NDArray[np.float32]

MOUTH = (0.10, 0.03, 0.028)
TEETH = (0.55, 0.52, 0.45)
TONGUE = (0.30, 0.10, 0.09)
CAVITY_SHADE = (0.80, 0.55, 0.50)
"""The inside of the lids against skin."""


def compose_atlas(look: Appearance, rest: Floats) -> NDArray[np.uint8]:
    """The atlas uint8 ``[H,W,4]``: square roots of reflectance R, G, B and of half the gloss, times 255.

    rest: float32 ``[V,3]``, the neutral mesh of the person.
    """
    paint, gloss = paint_skin(look)
    paint_lips(look, paint, gloss)
    paint_lids(look, paint, gloss)
    paint_brows(look, rest, paint, gloss)
    paint_scalp(look, paint, gloss)
    paint_eyes(look, paint, gloss)
    for (column, row), colour, shine in (
        (WHITE_TEXEL, (1.0, 1.0, 1.0), 0.5), (SKIN_TEXEL, look.skin, 0.34), (LIP_TEXEL, lip_colour(look), 0.4),
    ):  # fmt: skip
        window = np.s_[int(row) - 3 : int(row) + 4, int(column) - 3 : int(column) + 4]
        paint[window], gloss[window] = colour, shine
    layers = np.concatenate([paint, gloss[:, :, None] * 0.5], axis=2)
    return np.asarray(np.rint(np.sqrt(np.clip(layers, 0, 1)) * 255), np.uint8)


def vertex_tint(kit: Kit, look: Appearance) -> Floats:
    """Factor on the atlas at every vertex of the kit: float32 ``[V,3]``, 1 on skin, darkening into the cavities."""
    tint = np.ones(kit.vertices.shape, np.float32)
    skin = kit.vertex_ids(Part.SKIN)
    eye = np.setdiff1d(kit.vertex_ids(Part.EYE_CAVITY), skin)
    tint[eye] = CAVITY_SHADE
    mouth = kit.vertex_ids(Part.MOUTH_CAVITY)
    depth = smoothstep(0.02, 0.22, _depth_behind_lips(kit, mouth))[:, None]
    inner = np.asarray(MOUTH, np.float32) / np.asarray(lip_colour(look), np.float32)
    tint[mouth] = 1.0 + depth * (inner - 1.0)
    tint[kit.vertex_ids(Part.TEETH)] = TEETH
    tint[kit.vertex_ids(Part.TONGUE)] = TONGUE
    return tint


def _depth_behind_lips(kit: Kit, mouth: NDArray[np.int64]) -> Floats:
    """Distance of vertices of the mouth cavity to the nearest vertex that it shares with the lips, dm."""
    rim = np.intersect1d(mouth, kit.vertex_ids(Part.SKIN))
    gap = kit.vertices[mouth][:, None] - kit.vertices[rim][None]
    return np.asarray(np.linalg.norm(gap, axis=2).min(axis=1), np.float32)
