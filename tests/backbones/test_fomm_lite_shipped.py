"""The weights that ship: their size, their card, and that they animate a face that they have never seen."""

from __future__ import annotations

import numpy as np
import pytest

from mebench.backbones.fomm.backbone import load
from mebench.backbones.fomm.lite_checkpoint import load_lite
from mebench.training.reenactment import evaluate, spaced_frames
from mebench.weights import find


def test_size_and_card():
    path = find("fomm-lite")
    assert path.stat().st_size <= 8_000_000
    network = load_lite(path)
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(708_000, rel=0.01)
    cards = path.parents[1] / "cards"
    assert {"fomm-lite.md", "fomm-lite.csv", "fomm-lite.png"} <= {file.name for file in cards.iterdir()}
    text = (cards / "fomm-lite.md").read_text()
    for word in ("mebench train backbone fomm --preset lite", "Seed", "exact", "rendered faces"):
        assert word in text


def test_key_points_lie_near_their_anchors(faces):
    """Not further than 10 px of 128 on average, on faces of every benchmark domain."""
    network = load_lite(find("fomm-lite"))
    points = network.detector(faces)
    distance = ((points.value - network.detector.anchors) * 63.5).norm(dim=-1).mean(0)
    assert distance.max() < 10


@pytest.fixture(scope="module")
def faces():
    import torch

    from mebench.datasets.synme.dataset import read_portrait
    from mebench.motion.warp import resize

    images = np.stack([read_portrait(f"{domain}-validation-00") for domain in "abcdef"])
    return resize(torch.from_numpy(images.astype(np.float32) / 255).movedim(-1, 1), 128)


def test_animates(monkeypatch):
    """Ordinary expressions of two validation identities: well below the error of a still frame."""
    from mebench.datasets.synme.dataset import Synme

    chosen = [Synme().clip(f"{person}-ordinary") for person in ("f-validation-00-0", "d-validation-01-0")]
    monkeypatch.setattr(Synme, "clips", lambda self, split, **options: chosen)
    scores = evaluate(load(), split="validation", strength="ordinary", clips=1, frames=3, say=lambda text: None)
    assert [score.key for score in scores] == [clip.key for clip in chosen]
    assert np.mean([score.error for score in scores]) < 0.6 * np.mean([score.still for score in scores])
    assert 0.4 < np.mean([score.gain for score in scores]) < 1.3


def test_spaced_frames():
    assert spaced_frames(4, 11, 24, 3) == [11, 17]
    assert spaced_frames(0, 9, 40, 4) == [9, 10, 20, 30]
    assert spaced_frames(2, 3, 4, 6) == [3]
