"""A person's whole head as one mesh: the kit's face and shoulders, then hair, then lashes; and how it moves."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme import lashes as lash_strips
from mebench.datasets.synme.appearance import Appearance, appearance
from mebench.datasets.synme.camera import follow_weight, move_head, rotation
from mebench.datasets.synme.compose import vertex_tint
from mebench.datasets.synme.hair import grow
from mebench.datasets.synme.identity import Identity
from mebench.datasets.synme.kit import Kit, Part, load_kit
from mebench.datasets.synme.materials import BODY, EYE, HAIR, SKIN, WET
from mebench.datasets.synme.raster import by_place
from mebench.datasets.synme.texture import (
    EYE_PATCH,
    LIP_TEXEL,
    SKIN_TEXEL,
    WHITE_TEXEL,
    eye_corners,
    to_texels,
)
from mebench.datasets.synme.texture_hair import above_hairline

Floats = NDArray[np.float32]

KINDS = {
    Part.SKIN: SKIN, Part.BODY: BODY, Part.EYE_CAVITY: WET, Part.MOUTH_CAVITY: WET, Part.EYE: EYE, Part.TEETH: WET,
    Part.TONGUE: WET,
}  # fmt: skip


class Head:
    """The mesh of a person.

    triangles: int32 ``[G,3]``: the kit's ``solid`` ones in its order, then hair up to ``hair_end``, then lashes.
    texels: float32 ``[G,3,2]``, into the atlas, for hair and lashes into ``mask`` and ``shade`` (uint8 ``[h,w]``).
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.kit: Kit = load_kit()
        self.look: Appearance = appearance(identity)
        self.rest = identity.rest(self.kit)
        self._hair = grow(self.look, self.rest)
        self._lashes = lash_strips.lashes(self.look)
        hair = np.zeros((0, 3), np.int32) if self._hair is None else self._hair.triangles
        self._loose = 0 if self._hair is None else len(self._hair.vertices)
        count = len(self.rest)
        self.solid, self.hair_end = len(self.kit.triangles), len(self.kit.triangles) + len(hair)
        self.triangles = np.ascontiguousarray(
            np.concatenate([self.kit.triangles, hair + count, self._lashes.triangles + count + self._loose]), np.int32
        )
        heights = self.kit.vertices[:, 1]
        follow = follow_weight(heights)
        self._follow = np.concatenate([follow, np.ones(self._loose, np.float32), follow[self._lashes.roots]])

    @property
    def count(self) -> int:
        """Number of vertices."""
        return len(self._follow)

    def whole(self, shape: Floats) -> Floats:
        """All vertices ``[V,3]`` for the kit's vertices ``shape``: hair stays at rest, lashes stand on the lids."""
        loose = [] if self._hair is None else [self._hair.vertices]
        standing = shape[self._lashes.roots] + self._lashes.offsets
        return np.asarray(np.concatenate([shape, *loose, standing]), np.float32)

    def posed(self, au: Floats, blink: Floats, pose: Floats, gaze: Floats) -> Floats:
        """The moved mesh, float32 ``[V,3]``; arguments as ``FaceRenderer.vertices``."""
        kit, scale = self.kit, self.identity.scale
        shape = self.rest.astype(np.float64)
        for value, offsets in zip((*au, *blink), (*kit.action_units, *kit.blinks), strict=True):
            if value:
                shape += float(value) * scale * offsets
        turn = rotation(float(gaze[0]), float(gaze[1]), 0.0)
        for ids in kit.eyes:
            centre = self.rest[ids].astype(np.float64).mean(axis=0)
            shape[ids] = (shape[ids] - centre) @ turn.T + centre
        return move_head(self.whole(shape.astype(np.float32)), self._follow, pose)

    @cached_property
    def solid_order(self) -> NDArray[np.int32]:
        """The kit's triangles in the order in which they are drawn fastest, int32 ``[solid]``."""
        return by_place(self._middles[: self.solid])

    @cached_property
    def loose_order(self) -> NDArray[np.int32]:
        """Hair and lashes in the order in which they are drawn fastest, int32 ``[G - solid]``."""
        return self.solid + by_place(self._middles[self.solid :])

    @property
    def _middles(self) -> Floats:
        return np.asarray(self.whole(self.rest)[self.triangles].mean(axis=1), np.float32)

    @cached_property
    def kind(self) -> NDArray[np.uint8]:
        """Kind of surface of each triangle, uint8 ``[G]`` (see ``shading``)."""
        kinds = [KINDS[Part(part)] for part in self.kit.part]
        return np.asarray(kinds + [HAIR] * (len(self.triangles) - len(kinds)), np.uint8)

    @cached_property
    def face(self) -> NDArray[np.bool_]:
        """Skin of the face, bool ``[G]``: below the hairline, in front of the ears; no neck."""
        kit = self.kit
        centre = kit.vertices[kit.triangles].mean(axis=1)
        texel = to_texels(kit.uv.mean(axis=1))
        height, width = above_hairline().shape
        column = np.clip(np.rint(texel[:, 0]).astype(int), 0, width - 1)
        row = np.clip(np.rint(texel[:, 1]).astype(int), 0, height - 1)
        skin = (kit.part == Part.SKIN) & (above_hairline()[row, column] < -0.05) & (centre[:, 2] > 0.35)
        return np.concatenate([skin, np.zeros(len(self.triangles) - len(skin), bool)])

    @cached_property
    def texels(self) -> Floats:
        hair = np.zeros((0, 3, 2), np.float32) if self._hair is None else self._hair.texels
        below = 0 if self._hair is None else len(self._hair.strands.mask)
        standing = self._lashes.texels + np.asarray((0.0, below), np.float32)
        return np.ascontiguousarray(np.concatenate([_kit_texels(self.kit), hair, standing]), np.float32)

    @cached_property
    def mask(self) -> NDArray[np.uint8]:
        own = lash_strips.mask(self.look)
        return own if self._hair is None else np.concatenate([self._hair.strands.mask, own])

    @cached_property
    def shade(self) -> NDArray[np.uint8]:
        own = np.full(lash_strips.mask(self.look).shape, 64, np.uint8)
        return own if self._hair is None else np.concatenate([self._hair.strands.shade, own])

    @cached_property
    def tint(self) -> Floats:
        """Factor on the texture at each vertex: float32 ``[V,3]``."""
        lash = np.broadcast_to(np.asarray(lash_strips.LASH_COLOUR, np.float32), self._lashes.offsets.shape)
        hair = [] if self._hair is None else [self._hair.tint]
        return np.concatenate([vertex_tint(self.kit, self.look), *hair, lash])

    @cached_property
    def tangents(self) -> Floats:
        """Direction of the hair at each vertex: float32 ``[V,3]``, 0 elsewhere."""
        hair = [] if self._hair is None else [self._hair.tangents]
        return np.concatenate([np.zeros_like(self.rest), *hair, np.zeros_like(self._lashes.offsets)])

    @cached_property
    def template(self) -> Floats:
        """Template place x, y of each vertex: float32 ``[V,2]``, 0 for hair and lashes."""
        return np.concatenate([self.kit.vertices[:, :2], np.zeros((self.count - len(self.rest), 2), np.float32)])


def _kit_texels(kit: Kit) -> Floats:
    """Texel coordinates of every corner: skin by the layout, eyes by their patches, the rest on even patches."""
    out = np.empty((*kit.triangles.shape, 2), np.float32)
    out[:] = WHITE_TEXEL
    out[np.isin(kit.part, (Part.BODY, Part.EYE_CAVITY))] = SKIN_TEXEL
    out[kit.part == Part.MOUTH_CAVITY] = LIP_TEXEL
    skin = kit.part == Part.SKIN
    out[skin] = to_texels(kit.uv[skin])
    for ids, corner in zip(kit.eyes, eye_corners(), strict=True):
        mine = np.isin(kit.triangles[:, 0], ids)
        centre = kit.vertices[ids].mean(axis=0)
        offset = kit.vertices[kit.triangles[mine]] - centre
        radius = np.linalg.norm(kit.vertices[ids] - centre, axis=1).mean()
        out[mine, :, 0] = corner[0] + (1 + offset[:, :, 0] / radius) * EYE_PATCH / 2 - 0.5
        out[mine, :, 1] = corner[1] + (1 - offset[:, :, 1] / radius) * EYE_PATCH / 2 - 0.5
    return out
