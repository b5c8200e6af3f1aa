"""Pairs that were measured once and kept: a damaged file is measured again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mebench.clip import Clip, Frames
from mebench.detectors.store import stored_observation


class Recorded:
    """A dataset of one clip."""

    name = "one"

    def fingerprint(self) -> str:
        return "f" * 16


def test_a_clip_whose_files_changed_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    found = []
    for seed in (0, 1):
        frames = np.random.default_rng(seed).integers(0, 255, (4, 64, 64, 3)).astype(np.uint8)
        clip = Clip("k", "one", "a", "s", 30.0, 0, 2, 3, ("12",), "CC0-1.0", Frames(4, 64, 64, lambda f=frames: f))
        dataset = Recorded()
        dataset.frames_state = lambda key, seed=seed: f"{key}{seed}"  # type: ignore[attr-defined]
        observation = stored_observation(dataset, clip, None)
        found.append((observation.read_pair().frames, observation.place))
    assert not np.array_equal(found[0][0], found[1][0]) and found[0][1] != found[1][1]


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_pair_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    frames = np.random.default_rng(0).integers(0, 255, (4, 64, 64, 3)).astype(np.uint8)
    clip = Clip("k", "one", "a", "s", 30.0, 0, 2, 3, ("12",), "CC0-1.0", Frames(4, 64, 64, lambda: frames))
    dataset = Recorded()
    first = stored_observation(dataset, clip, None).read_pair()
    (path,) = tmp_path.rglob("*.npz")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data if damage == "flip" else data[:100] if damage == "cut" else b"")
    again = stored_observation(dataset, clip, None).read_pair()
    assert np.array_equal(again.frames, first.frames)
    assert np.array_equal(again.flow, first.flow)
