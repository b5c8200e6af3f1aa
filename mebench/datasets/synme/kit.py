"""The kit: one head-and-shoulders mesh, its shapes, masks and landmark ids, baked from CC0 data by ``bake.py``.

Lengths are decimetres: y up, z towards the viewer, +x the subject's left (image right in a frontal view).
The template is exactly mirror symmetric, and so are all shapes but the ``asym`` ones.

Shape names: ``macro:african-female-young``, ``macro:universal-male-old-averagemuscle-minweight``;
``pair:nose/nose-hump+`` with its opposite ``pair:nose/nose-hump-``; ``single:head/head-oval``; ``asym:brown-1-l``;
``face:mouthSmile`` and ``unit:eyebrows-inner-up`` (expressions). Of a shape that exists for each side the kit holds
the left one; :meth:`Kit.shape` mirrors it for the right.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.expression import RECIPES, SPLIT_DM
from mebench.errors import InputError

KIT_PATH = Path(__file__).with_name("kit.npz")
UNIT_DM = 0.0005
"""Unit of the stored 16-bit lengths; the sources have steps of 0.001 dm, halved by averaging with the mirror image."""

ATLAS = (0.625, 1.0, 0.17, 0.86)
"""The part of the UV square that holds the skin of the head: u from, u to, (1 - v) from, (1 - v) to."""

MASK_SCALE = 2048
"""Texels of the lip and ear masks for one UV unit."""


class Part(IntEnum):
    """What a triangle belongs to."""

    SKIN = 0
    BODY = 1
    EYE_CAVITY = 2
    MOUTH_CAVITY = 3
    EYE = 4
    TEETH = 5
    TONGUE = 6


class Side(IntEnum):
    """How a shape is stored: for the whole mesh, as the half x >= 0 of a symmetric one, or for the left side alone."""

    WHOLE = 0
    SYMMETRIC = 1
    LEFT = 2


class Sparse(NamedTuple):
    """Displacement of some vertices: ids int64 ``[N]``, offsets float32 ``[N,3]`` in dm."""

    ids: NDArray[np.int64]
    offsets: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Kit:
    """The mesh and everything that deforms it. Arrays are read-only and shared.

    vertices: float32 ``[V,3]``, template, dm. triangles: int32 ``[F,3]``, counter-clockwise seen from outside.
    part: uint8 ``[F]``, values of :class:`Part`. uv: float32 ``[F,3,2]``, (u, 1 - v) in [0,1].
    mirror: int32 ``[V]``, the vertex at the mirrored place.
    landmarks: int32 ``[68]``. lids: int32 ``[2,28]``, closed loops of the lid edge, left eye then right eye, each from
    the inner corner over the upper lid to the outer corner and back along the lower lid.
    lips, ears: uint8 ``[1413,768]``, masks on the atlas crop :data:`ATLAS` at :data:`MASK_SCALE` texels a UV unit.
    face: uint8 ``[V]``, 255 inside the face, falling to 0 over ears, neck and scalp.
    fingerprint: SHA-256 of the kit file. provenance: package version and the SHA-256 of every source file.
    """

    vertices: NDArray[np.float32]
    triangles: NDArray[np.int32]
    part: NDArray[np.uint8]
    uv: NDArray[np.float32]
    mirror: NDArray[np.int32]
    landmarks: NDArray[np.int32]
    lids: NDArray[np.int32]
    lips: NDArray[np.uint8]
    ears: NDArray[np.uint8]
    face: NDArray[np.uint8]
    shapes: dict[str, tuple[Side, Sparse]]
    fingerprint: str
    provenance: dict[str, Any]

    def shape(self, name: str, side: Literal["L", "R", ""] = "") -> Sparse:
        """The shape called ``name``. side: ``"L"`` or ``"R"`` for one-sided shapes, empty for the others."""
        kind, sparse = self.shapes[name]
        if (kind is Side.LEFT) != bool(side):
            raise KeyError(f"shape {name} {'needs a' if kind is Side.LEFT else 'has no'} side")
        return _mirrored(sparse, self.mirror) if side == "R" else sparse

    def names(self, prefix: str) -> tuple[str, ...]:
        """Names of the shapes that start with ``prefix``, in the fixed order of the kit."""
        return tuple(name for name in self.shapes if name.startswith(prefix))

    def is_sided(self, name: str) -> bool:
        """Whether the shape exists for the left and the right apart."""
        return self.shapes[name][0] is Side.LEFT

    @cached_property
    def action_units(self) -> NDArray[np.float32]:
        """Displacement of every vertex at intensity 1: float32 ``[26,V,3]`` in dm, order ``expression.NAMES``."""
        left = np.stack([self._left_unit(recipe) for recipe in RECIPES.values()])
        right = left[:, self.mirror] * np.array([-1, 1, 1], dtype=np.float32)
        return _frozen(np.stack((left, right), axis=1).reshape(-1, *self.vertices.shape))

    @cached_property
    def blinks(self) -> NDArray[np.float32]:
        """Closing of the left and of the right eye: float32 ``[2,V,3]`` in dm (the last two action units)."""
        return self.action_units[-2:]

    @cached_property
    def left_weight(self) -> NDArray[np.float32]:
        """How much each vertex belongs to the left side when a two-sided shape is split: float32 ``[V]`` in [0,1]."""
        t = np.clip(self.vertices[:, 0].astype(np.float64) / (2 * SPLIT_DM) + 0.5, 0, 1)
        return _frozen((t * t * (3 - 2 * t)).astype(np.float32))

    @cached_property
    def eyes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Vertices of the left and of the right eyeball, sorted."""
        ids = self.vertex_ids(Part.EYE)
        left = self.vertices[ids, 0] > 0
        return ids[left], ids[~left]

    def vertex_ids(self, *parts: Part) -> NDArray[np.int64]:
        """Vertices used by the triangles of these parts, sorted."""
        return np.unique(self.triangles[np.isin(self.part, parts)]).astype(np.int64)

    def _left_unit(self, recipe: tuple[tuple[str, float], ...]) -> NDArray[np.float32]:
        dense = np.zeros(self.vertices.shape, dtype=np.float32)
        for name, weight in recipe:
            sided = self.is_sided(name)
            ids, offsets = self.shape(name, "L" if sided else "")
            dense[ids] += np.float32(weight) * (offsets if sided else offsets * self.left_weight[ids, None])
        return dense


@cache
def load_kit(path: Path = KIT_PATH) -> Kit:
    """Read the kit (once a process); :class:`~mebench.errors.InputError` when the file is missing or damaged."""
    try:
        data = path.read_bytes()
        with np.load(path, allow_pickle=False) as file:
            raw = {name: file[name] for name in file.files}
        header = json.loads(raw["header"].tobytes().decode())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: the mesh kit cannot be read ({error}); reinstall mebench.") from error
    mirror = raw["mirror"].astype(np.int32)
    return Kit(
        vertices=_frozen(_lengths(raw["vertices"])),
        triangles=_frozen(raw["triangles"].astype(np.int32)),
        part=_frozen(raw["part"]),
        uv=_frozen(raw["texture_points"][raw["texture_triangles"]].astype(np.float32)),
        mirror=_frozen(mirror),
        landmarks=_frozen(raw["landmarks"].astype(np.int32)),
        lids=_frozen(raw["lids"].astype(np.int32)),
        lips=_frozen(raw["lips"]),
        ears=_frozen(raw["ears"]),
        face=_frozen(raw["face"]),
        shapes=_read_shapes(raw, header["shapes"], mirror),
        fingerprint=hashlib.sha256(data).hexdigest(),
        provenance=header["provenance"],
    )


def _read_shapes(
    raw: dict[str, NDArray[Any]], index: list[list[Any]], mirror: NDArray[np.int32]
) -> dict[str, tuple[Side, Sparse]]:
    ids, offsets = raw["shape_ids"].astype(np.int64), _lengths(raw["shape_offsets"])
    shapes: dict[str, tuple[Side, Sparse]] = {}
    start = 0
    for name, side, count in index:
        sparse = Sparse(ids[start : start + count], offsets[start : start + count])
        start += count
        if side == Side.SYMMETRIC:
            sparse = _both_sides(sparse, mirror)
        shapes[name] = Side(side), Sparse(_frozen(sparse.ids), _frozen(sparse.offsets))
    return shapes


def _both_sides(half: Sparse, mirror: NDArray[np.int32]) -> Sparse:
    off_midline = mirror[half.ids] != half.ids
    other = _mirrored(Sparse(half.ids[off_midline], half.offsets[off_midline]), mirror)
    ids = np.concatenate((half.ids, other.ids))
    order = np.argsort(ids)
    return Sparse(ids[order], np.concatenate((half.offsets, other.offsets))[order])


def _mirrored(sparse: Sparse, mirror: NDArray[np.int32]) -> Sparse:
    return Sparse(mirror[sparse.ids].astype(np.int64), sparse.offsets * np.array([-1, 1, 1], dtype=np.float32))


def _lengths(units: NDArray[np.int16]) -> NDArray[np.float32]:
    return (units.astype(np.float64) * UNIT_DM).astype(np.float32)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
