"""Training of the small MetaPortrait: landmarks are steadied, it learns, a continued run ends like a whole one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from plane_store import write_plane_store
from skimage import data

from mebench.backbones.metaportrait.lite import TRACKERS, LiteConfig, SteadyMotion
from mebench.backbones.metaportrait.lite_checkpoint import load_lite
from mebench.motion.crop import face_crop
from mebench.training import lite_run
from mebench.training.face_frames import FrameSet
from mebench.training.face_pairs import FrameStore
from mebench.training.lite_run import LitePreset, train_lite
from mebench.training.metaportrait_landmarks import exact_displacement, first_pairs, fit_steady, landmarks
from mebench.training.metaportrait_lite import PAINT_EVERY, TRAINING, LandmarkPairs, LiteRecipe

SMALL = LiteConfig(rank=16, motion_width=4, motion_max_features=8, painter_width=2, painter_hidden=4, feature_width=2)

SHRUNK, NOISE = 0.6, 0.3
"""What the made-up tracker gives: so much of the true motion, and noise of so many pixels."""


def write_landmarks(folder) -> None:
    """Landmarks that follow the planes' exact motion badly, where a tracker's result would be kept."""
    store = FrameStore(folder)
    rng = np.random.default_rng(0)
    points = np.broadcast_to(rng.uniform(24, 104, (468, 2)), (len(store.frames), 468, 2)).astype(np.float32).copy()
    firsts, others = first_pairs(store, np.arange(store.identities))
    exact = exact_displacement(store, points, firsts, others)
    points[others] += SHRUNK * exact + NOISE * rng.standard_normal(exact.shape).astype(np.float32)
    np.savez(folder / "metaportrait-landmarks.npz", **dict.fromkeys(TRACKERS, points))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planes")
    write_plane_store(folder, identities=3, clips=2, frames=3)
    write_landmarks(folder)
    return folder


@pytest.fixture(scope="module")
def planes(folder):
    return FrameStore(folder)


def preset(steps: int = 8) -> LitePreset:
    return LitePreset(SMALL, steps, frames=FrameSet(3, 2, 3), held_out=1, batch=2)


def test_first_pairs_stay_within_their_clip(planes):
    firsts, others = first_pairs(planes, np.array([1]))
    assert len(firsts) == 4 and (planes.identity[others] == 1).all()
    assert (planes.clip[firsts] == planes.clip[others]).all()
    assert (planes.order[firsts] == 0).all() and (planes.order[others] > 0).all()


def test_exact_displacement_is_that_of_the_surface(planes):
    """At the mesh's own vertices the motion of the surface is the motion of the vertex."""
    firsts, others = first_pairs(planes, np.arange(3))
    points = np.zeros((len(planes.frames), 468, 2), np.float32)
    inner = [10 * (row * 9 + column) // 10 for row in range(2, 7) for column in range(2, 7)]
    points[:, : len(inner)] = np.asarray(planes.vertices)[:, inner]
    found = exact_displacement(planes, points, firsts, others)[:, : len(inner)]
    truth = np.asarray(planes.vertices)[others][:, inner] - np.asarray(planes.vertices)[firsts][:, inner]
    error = np.linalg.norm(found - truth, axis=-1).mean() / np.linalg.norm(truth, axis=-1).mean()
    assert error < 0.2


def test_steadying_undoes_shrinkage_and_noise(planes):
    points = landmarks(planes)["follow"]
    firsts, others = first_pairs(planes, np.arange(3))
    steady = SteadyMotion(468, 16)
    fit_steady(steady, planes, points, np.arange(3))
    tracked = points[others] - points[firsts]
    exact = exact_displacement(planes, points, firsts, others)
    made = steady(torch.from_numpy(tracked)).numpy()
    before, after = (np.linalg.norm(each - exact, axis=-1).mean() for each in (tracked, made))
    assert after < 0.5 * before


def test_pairs_have_the_landmarks_of_their_frames(planes):
    points = landmarks(planes)["mesh"]
    pairs = LandmarkPairs(planes, np.arange(2), points, seed=3, batch=4)
    drawn, again = pairs.draw_landmarks(5), pairs.draw_landmarks(5)
    assert torch.equal(drawn.batch.source, again.batch.source) and torch.equal(drawn.points, again.points)
    assert not drawn.batch.mirrored.any()
    for item in pairs.reenacted(np.array([0])):
        source, driving = planes.image(np.array([0]))[0], planes.image(np.array([1]))[0]
        assert torch.equal(item.batch.source[0], source) and torch.equal(item.batch.driving[0], driving)
        assert torch.equal(item.displacement[0], torch.from_numpy(points[1] - points[0]))


def test_learns(planes):
    """On one pair that never changes the motion error falls; the painter takes part in every fourth step."""
    recipe = LiteRecipe(planes, preset())
    recipe.train_pairs.batch = 1
    drawn = recipe.train_pairs.draw_landmarks(3)
    recipe.train_pairs.draw_landmarks = lambda index: drawn
    rows = [recipe.step(index, 0.3) for index in range(12)]
    assert [index for index, row in enumerate(rows) if "image" in row] == list(range(0, 12, PAINT_EVERY))
    motion = [row["motion"] for row in rows]
    assert np.mean(motion[-3:]) < 0.95 * np.mean(motion[:3])


def test_a_continued_run_ends_like_a_whole_one(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(lite_run, "frame_store", lambda *args, **options: folder)
    monkeypatch.setattr(lite_run, "LOG_EVERY", 1)
    options = {"processes": 1, "say": lambda text: None}
    whole = train_lite(TRAINING, preset(2), tmp_path / "whole", **options)
    train_lite(TRAINING, preset(2), tmp_path / "parts", stop_at=1, **options)
    parts = train_lite(TRAINING, preset(2), tmp_path / "parts", **options)
    ours, theirs = load_lite(whole).state_dict(), load_lite(parts).state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert whole.stat().st_size < 1_000_000


def test_landmarks_are_found_once_and_kept(tmp_path):
    """Photographs in the planes' place: both trackers start at one mesh and see the face move down."""
    write_plane_store(tmp_path, identities=1, clips=1, frames=3)
    image = data.astronaut()
    face = cv2.resize(face_crop(image).apply(image), (128, 128), interpolation=cv2.INTER_AREA)
    np.save(tmp_path / "frames.npy", np.stack([np.roll(face, down, axis=0) for down in (0, 1, 2)]))
    found = landmarks(FrameStore(tmp_path))
    np.testing.assert_allclose(found["mesh"][0], found["follow"][0], atol=1e-3)
    for points in found.values():
        assert np.median(points[2] - points[0], axis=0) == pytest.approx((0, 2), abs=0.3)
    kept = tmp_path / "metaportrait-landmarks.npz"
    np.savez(kept, **{name: points + 1 for name, points in found.items()})
    assert np.array_equal(landmarks(FrameStore(tmp_path))["mesh"], found["mesh"] + 1)
