"""Training of the small FOMM: its exact motion is true, it learns, and an interrupted run ends like a whole one."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from plane_store import write_plane_store

from mebench.backbones.fomm.lite import LiteConfig
from mebench.backbones.fomm.lite_checkpoint import load_lite
from mebench.errors import CheckpointError
from mebench.motion.warp import warp
from mebench.training import lite_run
from mebench.training.face_frames import FrameSet, frame_store
from mebench.training.face_layout import MIRROR
from mebench.training.face_pairs import FrameStore, PairSampler
from mebench.training.fomm_lite import TRAINING, LiteRecipe
from mebench.training.lite_run import LitePreset, train_lite
from mebench.training.motion_losses import ExactMotion, motion_loss, point_loss, unmirror_field, unmirror_points

SMALL = LiteConfig(detector_width=4, motion_width=4, painter_width=4, detector_blocks=2, motion_blocks=2)


@pytest.fixture(scope="module")
def planes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planes")
    write_plane_store(folder, identities=3, clips=1, frames=3)
    return FrameStore(folder)


def test_exact_motion_carries_the_source_to_the_driver(planes):
    batch = next(PairSampler(planes, np.arange(3), seed=0, batch=6).reenactments())
    assert len(batch.source) == 6 and not batch.mirrored.any()
    field = torch.nn.functional.interpolate(batch.motion.displacement.movedim(-1, 1), size=(128, 128), mode="bilinear")
    carried = (warp(batch.source, field) - batch.driving).abs().mean()
    assert carried < 0.15 * (batch.source - batch.driving).abs().mean()


def test_losses_vanish_at_the_truth(planes):
    motion = PairSampler(planes, np.arange(3), seed=0, batch=2).draw(0).motion
    constant = ExactMotion(torch.full_like(motion.displacement, 1.5), motion.where)
    weight = torch.ones(1, 1, 128, 128)
    field = torch.full((2, 2, 128, 128), 1.5)
    assert motion_loss(field, constant, weight) == pytest.approx(0.0, abs=1e-6)
    assert motion_loss(field - 1.0, constant, weight) == pytest.approx(1.0, abs=1e-5)
    driving = torch.rand(2, 4, 2, generator=torch.Generator().manual_seed(0)) - 0.5
    source = driving + 1.5 * 2 / 127
    assert point_loss(driving, source, constant, 128) == pytest.approx(0.0, abs=1e-4)
    assert point_loss(driving, driving, constant, 128) == pytest.approx(1.5, abs=1e-4)


def test_point_loss_reads_the_motion_at_the_driving_point(planes):
    """A motion that differs from place to place is read where the driving key point lies."""
    where = torch.from_numpy(planes.where.numpy())
    field = torch.stack((0.1 * where[..., 0], -0.05 * where[..., 1]), -1)[None]
    pixel = torch.tensor([[[40.0, 90.0], [100.0, 20.0]]])
    moved = pixel + pixel * torch.tensor([0.1, -0.05])
    points = [place * (2 / 127) - 1 for place in (pixel, moved)]
    assert point_loss(points[0], points[1], ExactMotion(field, where), 128) == pytest.approx(0.0, abs=1e-3)


def test_unmirroring_undoes_a_mirror():
    field = torch.randn(2, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    points = torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(1))
    seen_field = field.flip(-1) * torch.tensor([-1.0, 1.0])[:, None, None]
    seen_points = points * torch.tensor([-1.0, 1.0])
    mirrored = torch.tensor([True, False])
    back, there = unmirror_field(seen_field, mirrored), unmirror_points(seen_points, mirrored)
    assert torch.equal(back[0], field[0]) and torch.equal(there[0], points[0])
    assert torch.equal(back[1], seen_field[1]) and torch.equal(there[1], seen_points[1])


def test_mirrored_landmarks_are_an_involution():
    assert np.array_equal(MIRROR[MIRROR], np.arange(68))
    assert MIRROR[0] == 16 and MIRROR[36] == 45 and MIRROR[48] == 54 and MIRROR[30] == 30


def test_draws_depend_on_seed_and_step_alone(planes):
    first, again = (PairSampler(planes, np.arange(3), seed=4, batch=2) for _ in range(2))
    again.draw(0)
    assert torch.equal(first.draw(7).source, again.draw(7).source)
    assert not torch.equal(first.draw(7).source, first.draw(8).source)


def test_learns(planes):
    """On one pair that never changes the motion error falls."""
    recipe = LiteRecipe(planes, 1, seed=0, batch=2, config=SMALL)
    recipe.train_pairs.draw = lambda index: PairSampler.draw(recipe.train_pairs, 3)
    losses = [recipe.step(index, 0.3)["motion"] for index in range(30)]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


@pytest.fixture
def planes_instead_of_faces(planes, monkeypatch, tmp_path):
    folder = tmp_path / "planes"
    write_plane_store(folder, identities=3, clips=1, frames=3)
    monkeypatch.setattr(lite_run, "frame_store", lambda *args, **options: folder)


def quick(steps: int = 8) -> LitePreset:
    return LitePreset(SMALL, steps, frames=FrameSet(3, 1, 3), held_out=1, batch=2)


def test_a_continued_run_ends_like_a_whole_one(planes_instead_of_faces, tmp_path, monkeypatch):
    monkeypatch.setattr(lite_run, "LOG_EVERY", 2)
    said = []
    options = {"processes": 1, "say": said.append}
    whole = train_lite(TRAINING, quick(), tmp_path / "whole", **options)
    train_lite(TRAINING, quick(), tmp_path / "parts", stop_at=4, **options)
    parts = train_lite(TRAINING, quick(), tmp_path / "parts", **options)
    assert "continuing at step 4 of 8" in said
    ours, theirs = load_lite(whole).state_dict(), load_lite(parts).state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    rows = list(csv.DictReader((tmp_path / "parts" / "fomm-lite.csv").open()))
    assert [int(float(row["step"])) for row in rows] == [2, 4, 6, 8]
    assert float(rows[-1]["ratio"]) > 0
    assert (tmp_path / "parts" / "fomm-lite.png").stat().st_size > 1000


def test_a_checkpoint_of_another_run_is_refused(planes_instead_of_faces, tmp_path):
    train_lite(TRAINING, quick(2), tmp_path / "run", processes=1, say=lambda text: None)
    with pytest.raises(CheckpointError, match=r"another training run \(steps differ\)"):
        train_lite(TRAINING, quick(3), tmp_path / "run", processes=1, say=lambda text: None)


def test_rendered_frames_have_true_motion(tmp_path):
    """On faces: the exact motion carries the source closer to the driver than leaving it alone."""
    folder = frame_store(FrameSet(1, 1, 3), tmp_path / "store", processes=1, say=lambda text: None)
    store = FrameStore(folder)
    assert store.frames.shape == (3, 128, 128, 3) and store.identities == 1
    source, driving = np.array([0]), np.array([1])
    motion = store.motion(source, driving)
    assert 0.5 < motion.displacement.norm(dim=-1).max() < 12
    field = torch.nn.functional.interpolate(motion.displacement.movedim(-1, 1), size=(128, 128), mode="bilinear")
    copy = (store.image(source) - store.image(driving)).abs().mean()
    assert (warp(store.image(source), field) - store.image(driving)).abs().mean() < 0.8 * copy
