"""Training of the small FPB-FOMM: one set of points a clip, mirrored with the picture, and a step that learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from plane_store import write_plane_store

from mebench.backbones.fpb_fomm.lite import LiteFpbConfig
from mebench.backbones.fpb_fomm.lite_checkpoint import load_lite
from mebench.backbones.fpb_fomm.points import facial_points
from mebench.training.face_pairs import FrameStore
from mebench.training.fpb_fomm_lite import MESH_ERROR, TRAINING, ClipPairs, FpbRecipe

SMALL = LiteFpbConfig(detector_width=4, motion_width=4, painter_width=4, detector_blocks=2, motion_blocks=2)


@pytest.fixture(scope="module")
def planes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planes")
    write_plane_store(folder, identities=3, clips=2, frames=3)
    return FrameStore(folder)


@pytest.fixture(autouse=True)
def deterministic():
    yield
    torch.use_deterministic_algorithms(False)


def exact(store: FrameStore, frame: int) -> np.ndarray:
    return facial_points(((store.landmarks[frame] + 0.5) * 2 - 0.5).astype(np.float32))


def test_reenactments_have_the_points_of_the_clips_first_frame(planes):
    batch = next(ClipPairs(planes, np.arange(3), seed=0, batch=4).reenactments())
    assert np.allclose(batch.points[0].numpy(), exact(planes, 0), atol=1e-3)
    assert np.allclose(batch.points[0].numpy(), batch.points[1].numpy())


def test_pairs_stay_in_their_clip_and_mirror_with_their_points(planes):
    pairs = ClipPairs(planes, np.arange(3), seed=0, batch=6)
    seen = {False: 0, True: 0}
    for step in range(4):
        batch = pairs.draw(step)
        drawn = pairs._drawn
        assert (planes.clip[drawn[:, 0]] == planes.clip[drawn[:, 1]]).all() and (drawn[:, 0] != drawn[:, 1]).all()
        for number, (source, _) in enumerate(drawn):
            first = int(np.flatnonzero((planes.clip == planes.clip[source]) & (planes.order == 0))[0])
            points, mirrored = batch.points[number].numpy(), bool(batch.mirrored[number])
            # Brow, eye and mouth corner of one side stand at the place of the other side's in a mirrored picture.
            expected = exact(planes, first)[1] if mirrored else exact(planes, first)[0]
            at = 255.0 - points[0, 0] if mirrored else points[0, 0]
            assert abs(at - expected[0]) < 6 * MESH_ERROR
            seen[mirrored] += 1
    assert min(seen.values()) > 3


def test_a_few_steps_learn_and_the_file_loads(planes, tmp_path):
    preset = replace(TRAINING.preset, network=SMALL, held_out=1, batch=2, steps=12)
    recipe = FpbRecipe(planes, preset)
    before = recipe.validate()
    numbers = [recipe.step(index, index / 12) for index in range(12)]
    assert all(np.isfinite(list(row.values())).all() for row in numbers)
    assert {"motion", "image", "warped"} <= set(numbers[0]) and np.isfinite(list(before.values())).all()
    TRAINING.save(recipe.network, tmp_path / "fpb.safetensors", {})
    assert load_lite(tmp_path / "fpb.safetensors").config == SMALL
