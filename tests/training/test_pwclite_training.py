"""The training of PWCLite, without labels and from exact motion: a run can be stopped and continued, and its file is a flow estimator."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open

from mebench.motion.pwclite import PwcLite, PwcLiteConfig
from mebench.motion.pwclite_checkpoint import read_pwclite
from mebench.motion.warp import warp
from mebench.training import pwclite_lite
from mebench.training.flowmag_lite_data import CROP, ON_FACE, PAIR
from mebench.training.pwclite_known import known_loss, known_pair
from mebench.training.pwclite_lite import FlowPreset, train_pwclite, two_frames
from mebench.training.pwclite_start import start

PRESET = FlowPreset(people=2, pairs=2, held_out=1, steps=3, batch=1, side=64, width=0.125)


@pytest.fixture
def people(monkeypatch) -> list:
    """Two people of two pairs: noise that is shifted by a pixel."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(2):
        pairs = np.zeros(2, dtype=PAIR)
        texture = rng.integers(0, 256, (CROP, CROP, 3), dtype=np.uint8)
        pairs["reference"], pairs["frame"], pairs["target"] = texture, np.roll(texture, 1, 1), np.roll(texture, 2, 1)
        pairs["expression"][..., 0], pairs["place"] = 1.0, ON_FACE
        made.append(pairs)
    monkeypatch.setattr(pwclite_lite, "rendered_pairs", lambda *_: made)
    return made


def test_a_continued_run_equals_an_uninterrupted_one(people, tmp_path):
    said: list[str] = []
    whole = train_pwclite(PRESET, tmp_path / "whole", say=said.append)
    train_pwclite(PRESET, tmp_path / "parts", say=said.append, stop_at=1)
    parts = train_pwclite(PRESET, tmp_path / "parts", say=said.append)
    first, second = (read_pwclite(path).state_dict() for path in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any("held_out_network" in line and "held_out_still 1" in line for line in said)
    with safe_open(whole, "pt") as file:
        assert file.metadata()["trained_on"] == "synme, training domain t"
    assert (tmp_path / "whole" / "pwclite-lite.csv").is_file()


def test_frames_are_cut_alike_and_the_second_is_moved(people):
    first, second = two_frames(people[0][0], np.random.default_rng(3), 64)
    assert first.shape == second.shape == (3, 64, 64) and first.min() >= 0 and second.max() <= 1
    assert not torch.equal(first, second)
    again = two_frames(people[0][0], np.random.default_rng(3), 64)
    assert torch.equal(again[1], second)


def test_exact_motion_explains_the_moved_frame(people):
    """Sampled at the exact flow, the second frame is the first, whatever was added to the motion and mirrored or not."""
    smooth = np.random.default_rng(1).random((CROP // 16, CROP // 16, 3), dtype=np.float32)
    picture = cv2.resize(smooth, (CROP, CROP), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 255
    pair = people[0][0]
    pair["reference"], pair["frame"] = picture.round(), np.roll(picture, 1, 1).round()
    for seed in range(6):
        frames, exact, weight = known_pair(pair, np.random.default_rng(seed), 128)
        # Away from the border, over which the moved frame is not known.
        inside = slice(24, -24)
        error = (warp(frames[1:], exact[None]) - frames[:1])[..., inside, inside].abs().mean()
        unmoved = (frames[1:] - frames[:1])[..., inside, inside].abs().mean()
        assert error < 0.004 and error < 0.5 * unmoved and weight.min() == 1


def test_the_loss_of_known_motion_is_zero_for_the_answer_alone():
    exact = torch.full((1, 2, 64, 64), 3.0)
    levels = [torch.full((1, 2, 64 // 2**n, 64 // 2**n), 3.0 / 2**n) for n in range(5)]
    weight = torch.ones(1, 1, 64, 64)
    assert known_loss(levels, exact, weight) == 0
    assert known_loss([levels[0] + 1, *levels[1:]], exact, weight) == pytest.approx(1.0)


def test_a_few_steps_learn_a_known_motion(people):
    preset = FlowPreset(people=2, held_out=1, steps=40, batch=1, side=64, width=0.125, known=True)
    recipe = pwclite_lite.FlowRecipe(people, preset)
    before = recipe.validate()["held_out_network"]
    losses = [recipe.step(index, index / 40)["loss"] for index in range(40)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    assert recipe.validate()["held_out_network"] < before


def test_a_fresh_network_has_features_of_unit_variance_and_little_flow():
    """So that costs tell matches from others before anything is learned; torch's own start lets features fade."""
    frames = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    plain, network = PwcLite(PwcLiteConfig(width=0.25)), start(PwcLite(PwcLiteConfig(width=0.25)), frames)
    with torch.no_grad():
        finest = network.feature_pyramid_extractor(frames)[4]
        assert 0.5 < float(finest.std()) < 1.5 and float(plain.feature_pyramid_extractor(frames)[4].std()) < 0.2
        assert network(torch.cat((frames, frames.flip(-1)), 1)).forward[0].abs().max() < 2.0
