"""Training of the small encoder-manipulator-decoder: pictures that differ by the motion that was asked for, and learning."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from mebench.magnification.oh2018 import load
from mebench.motion.flow import DisFine
from mebench.training import oh2018_lite
from mebench.training.flowmag_lite_data import CROP, ON_FACE, PAIR
from mebench.training.oh2018_lite import OhPreset, OhRecipe, make_batch, train_oh2018

SMALL = OhPreset(people=3, held_out=1, steps=24, batch=2, side=64, width=8, encoder=0, shape=0, decoder=1)


@pytest.fixture(scope="module")
def people() -> list[np.ndarray]:
    """Three people of two pairs: textured pictures whose middle moves to the right."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:CROP, 0:CROP].astype(np.float32)
    bump = np.exp(-((x - CROP / 2) ** 2 + (y - CROP / 2) ** 2) / (2 * 25.0**2))
    made = np.zeros((3, 2), dtype=PAIR)
    for pair in made.ravel():
        texture = cv2.GaussianBlur(rng.uniform(-1, 1, size=(CROP, CROP, 3)).astype(np.float32), (0, 0), 2.5)
        pair["target"] = (128 + 90 * texture / np.abs(texture).max()).astype(np.uint8)
        pair["expression"] = np.stack((3.0 * bump, 0 * bump), axis=-1)
        pair["place"] = np.where(bump > 0.2, ON_FACE, 0)
    return list(made)


@pytest.fixture(autouse=True)
def deterministic():
    yield
    torch.use_deterministic_algorithms(False)


def test_the_answer_moves_by_the_factor(people, monkeypatch):
    """Flow between the noiseless pictures: that of the answer is the factor times that of the given frame."""
    monkeypatch.setattr(oh2018_lite, "PEAK", (1.0, 1.0 + 1e-6))
    batch = make_batch([people[0][0], people[1][0]], 96, np.random.default_rng(1))
    assert batch.frame.shape == batch.target.shape == (2, 3, 96, 96) and (batch.factor >= 1.0).all()
    for index in range(2):
        bare, clean, target = (
            (image[index].clamp(0, 1) * 255).byte().permute(1, 2, 0).contiguous().numpy()
            for image in (batch.reference, batch.clean, batch.target)
        )
        small, large = DisFine()(bare, clean), DisFine()(bare, target)
        measured = (small * large).sum() / (small**2).sum()
        assert measured == pytest.approx(float(batch.factor[index]), rel=0.2)


def test_noise_is_on_what_the_network_sees_alone(people, monkeypatch):
    monkeypatch.setattr(oh2018_lite, "NOISE", 0.05)
    batch = make_batch([people[0][0]], 64, np.random.default_rng(3))
    assert (batch.frame - batch.clean).std() > 0.005
    assert batch.clean.max() <= 1.0 and batch.target.max() <= 1.0
    monkeypatch.setattr(oh2018_lite, "NOISE", 0.0)
    quiet = make_batch([people[0][0]], 64, np.random.default_rng(3))
    assert torch.equal(quiet.frame, quiet.clean) and torch.equal(quiet.clean, batch.clean)


def test_steps_paint_and_the_file_is_a_public_layout(people, tmp_path, monkeypatch):
    """Interrupted and continued, the run gives the weights of one without a break, and they load as a magnifier."""
    monkeypatch.setattr(oh2018_lite, "rendered_pairs", lambda *_: people)
    whole = train_oh2018(SMALL, tmp_path / "whole", say=lambda _: None)
    train_oh2018(SMALL, tmp_path / "halves", say=lambda _: None, stop_at=12)
    halves = train_oh2018(SMALL, tmp_path / "halves", say=lambda _: None)
    assert whole.read_bytes() == halves.read_bytes()
    assert load(whole).weights == "oh2018-lite.safetensors"
    recipe = OhRecipe(people, replace(SMALL, steps=40))
    before = recipe.validate()
    for step in range(40):
        recipe.step(step, step / 40)
    after = recipe.validate()
    assert set(before) == {f"held_out_{name}" for name in ("loss", "paint", "wrong", "painted")}
    assert after["held_out_paint"] < 0.9 * before["held_out_paint"]
