"""Lashes of the upper lids: a strip of thin hairs that stands on the lid's edge and moves with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.kit import Part, load_kit
from mebench.datasets.synme.texture_noise import white
from mebench.datasets.synme.texture_strands import COLUMNS, ROWS

Floats = NDArray[np.float32]

HAIRS = 46
"""Hairs of a lid, bundled as the eye sees them."""

BEND = ((0.0, 0.0, 0.0), (0.35, 0.16, 0.55), (0.62, 0.62, 0.86))
"""The curve of a lash in lengths: outward along the lid, up, forward, at its root, middle and tip."""

LASH_COLOUR = (0.012, 0.009, 0.008)


@dataclass(frozen=True)
class Lashes:
    """roots: vertex of the kit under each vertex of the strips, int64 ``[M]``. offsets: float32 ``[M,3]`` from it, dm.
    triangles: int32 ``[G,3]`` into them. texels: float32 ``[G,3,2]``, rows counted from the start of :func:`mask`."""

    roots: NDArray[np.int64]
    offsets: Floats
    triangles: NDArray[np.int32]
    texels: Floats


@cache
def _edge() -> NDArray[np.int64]:
    """Vertices of the front edge of the upper lids, int64 ``[2,N]``, inner to outer corner: the lid is as thick as the
    gap between the loop where it meets the eyeball and the second ring of skin around the loop."""
    kit = load_kit()
    skin = kit.triangles[kit.part == Part.SKIN]
    sides = []
    for loop in kit.lids:
        ring, seen = set(loop.tolist()), set(loop.tolist())
        for _ in range(2):
            ring = set(skin[np.isin(skin, list(ring)).any(axis=1)].ravel().tolist()) - seen
            seen |= ring
        front = np.asarray(sorted(ring))
        outer = int(np.argmax(np.abs(kit.vertices[loop, 0])))
        upper = loop[2 : outer + 1]
        gap = np.linalg.norm(kit.vertices[upper][:, None] - kit.vertices[front][None], axis=2)
        sides.append(front[gap.argmin(axis=1)])
    return np.asarray(sides, np.int64)


def lashes(look: Appearance) -> Lashes:
    """Both strips for a person."""
    kit = load_kit()
    length = (0.052 if look.male else 0.070) + 0.012 * look.makeup
    roots, offsets, triangles, texels = [], [], [], []
    base = 0
    for side, edge in enumerate(_edge()):
        along = np.linspace(0.0, 1.0, len(edge))
        # Longer towards the outer corner, fanning from slightly inwards to outwards.
        reach = length * (0.55 + 0.45 * np.sin(np.pi * np.clip(0.15 + 0.75 * along, 0, 1)))
        fan = (along - 0.25) * np.sign(kit.vertices[edge, 0])
        curve = np.asarray(BEND)
        rows = np.stack(
            [
                fan[:, None] * curve[:, 0],
                np.ones_like(fan)[:, None] * curve[:, 1],
                np.ones_like(fan)[:, None] * curve[:, 2],
            ],
            axis=2,
        )
        offset = rows * reach[:, None, None]
        ids = base + np.arange(len(edge) * 3, dtype=np.int32).reshape(len(edge), 3)
        a, b, c, d = ids[:-1, :-1], ids[1:, :-1], ids[1:, 1:], ids[:-1, 1:]
        quads = np.stack([np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)], axis=2).reshape(-1, 3)
        u, v = np.meshgrid(
            along * (COLUMNS // 2 - 2) + side * COLUMNS // 2, [0.0, ROWS * 0.5, ROWS - 1.01], indexing="ij"
        )
        uv = np.stack([u, v], axis=-1).reshape(-1, 2)
        roots.append(np.repeat(edge, 3))
        offsets.append(offset.reshape(-1, 3))
        triangles.append(quads)
        texels.append(uv[quads - base])
        base += ids.size
    return Lashes(
        np.concatenate(roots), np.concatenate(offsets).astype(np.float32),
        np.concatenate(triangles).astype(np.int32), np.concatenate(texels).astype(np.float32),
    )  # fmt: skip


def mask(look: Appearance) -> NDArray[np.uint8]:
    """Texture of both strips: uint8 ``[ROWS, COLUMNS]``, 255 = lash; each hair narrows to its tip."""
    along = (np.arange(ROWS) + 0.5)[:, None] / ROWS
    place = np.arange(COLUMNS)[None, :] / (COLUMNS / 2) * HAIRS
    number = np.floor(place).astype(int)
    jitter, length = white(look.key + 70, 1, 2 * HAIRS)[0], white(look.key + 71, 1, 2 * HAIRS)[0]
    centre = number + 0.5 + 0.16 * np.clip(jitter[number % (2 * HAIRS)], -1.5, 1.5)
    tip = 0.85 + 0.14 * np.clip(length[number % (2 * HAIRS)], -2.0, 1.0)
    width = 0.30 * (0.8 + 0.4 * look.makeup + (0.0 if look.male else 0.15)) * (1.0 - along / tip)
    return np.where(np.abs(place - centre) < width, 255, 0).astype(np.uint8)
