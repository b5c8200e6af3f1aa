"""Training of the small EMOPortraits: every part learns, and a continued run ends like a whole one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from plane_store import write_plane_store

from mebench.backbones.emoportraits.lite import LiteConfig
from mebench.backbones.emoportraits.lite_checkpoint import load_lite
from mebench.backbones.fomm.lite_checkpoint import load_lite as load_fomm
from mebench.training import lite_run
from mebench.training.emoportraits_lite import TRAINING, EmoRecipe
from mebench.training.face_frames import FrameSet
from mebench.training.face_pairs import FrameStore, PairSampler
from mebench.training.lite_run import LitePreset, train_lite
from mebench.weights import find

SMALL = LiteConfig(expression=8, embedding=16)


@pytest.fixture(scope="module")
def planes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planes")
    write_plane_store(folder, identities=3, clips=1, frames=3)
    return FrameStore(folder)


def preset(steps: int = 4) -> LitePreset:
    return LitePreset(SMALL, steps, frames=FrameSet(3, 1, 3), held_out=1, batch=2)


def test_learns(planes):
    """On one pair that never changes the motion error falls, and every trained network gets a gradient."""
    recipe = EmoRecipe(planes, preset())
    recipe.train_pairs.draw = lambda index: PairSampler.draw(recipe.train_pairs, 3)
    losses = [recipe.step(index, 0.3)["motion"] for index in range(20)]
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])
    trained = {name: p for name, p in recipe.network.named_parameters() if p.requires_grad}
    still = [name for name, p in trained.items() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not still


def test_key_points_stay_those_of_the_small_fomm(planes):
    recipe = EmoRecipe(planes, preset())
    recipe.step(0, 0.3)
    ours, theirs = recipe.animator.detector.state_dict(), load_fomm(find("fomm-lite")).detector.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_continued_run_ends_like_a_whole_one(planes, tmp_path, monkeypatch):
    folder = tmp_path / "planes"
    write_plane_store(folder, identities=3, clips=1, frames=3)
    monkeypatch.setattr(lite_run, "frame_store", lambda *args, **options: folder)
    monkeypatch.setattr(lite_run, "LOG_EVERY", 2)
    training = replace(TRAINING, preset=preset())
    options = {"processes": 1, "say": lambda text: None}
    whole = train_lite(training, preset(), tmp_path / "whole", **options)
    train_lite(training, preset(), tmp_path / "parts", stop_at=2, **options)
    parts = train_lite(training, preset(), tmp_path / "parts", **options)
    assert whole.name == "emoportraits-lite.safetensors"
    ours, theirs = load_lite(whole).state_dict(), load_lite(parts).state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
