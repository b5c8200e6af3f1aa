"""The unsupervised training of PWCLite: a run can be stopped and continued, and its file is a flow estimator."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors import safe_open

from mebench.motion.pwclite_checkpoint import read_pwclite
from mebench.training import pwclite_lite
from mebench.training.flowmag_lite_data import CROP, ON_FACE, PAIR
from mebench.training.pwclite_lite import FlowPreset, train_pwclite, two_frames

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
