"""The weights that ship: their size, their card, and that they animate a face that they have never seen."""

from __future__ import annotations

import numpy as np
import torch

from mebench.backbones.fomm.lite_checkpoint import load_lite as load_fomm
from mebench.backbones.fsrt.backbone import load
from mebench.backbones.fsrt.lite_checkpoint import load_lite
from mebench.datasets.synme.dataset import Synme, read_portrait
from mebench.training.reenactment import evaluate
from mebench.weights import find


def test_size_and_card():
    path = find("fsrt-lite")
    assert path.stat().st_size <= 10_000_000
    cards = path.parents[1] / "cards"
    assert {"fsrt-lite.md", "fsrt-lite.csv", "fsrt-lite.png"} <= {file.name for file in cards.iterdir()}
    text = (cards / "fsrt-lite.md").read_text()
    for word in ("mebench train backbone fsrt --preset lite", "Seed", "exact", "rendered faces", "variant"):
        assert word in text


def test_its_detector_is_that_of_the_small_fomm():
    ours, theirs = load_lite(find("fsrt-lite")).reader, load_fomm(find("fomm-lite")).detector
    for name, tensor in ours.predictor.state_dict().items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, theirs.predictor.state_dict()[name])
    assert torch.equal(ours.anchors, theirs.anchors)


def test_no_motion_gives_the_source():
    source = torch.from_numpy(read_portrait("b-validation-00").astype(np.float32) / 255).movedim(-1, 0)
    backbone = load()
    output = backbone.drive(backbone.enroll(source), source[None], source)
    assert (output[0] - source).abs().mean() < 0.005


def test_animates(monkeypatch):
    """Ordinary expressions of two validation identities: well below the error of a still frame."""
    chosen = [Synme().clip(f"{person}-ordinary") for person in ("f-validation-00-0", "d-validation-01-0")]
    monkeypatch.setattr(Synme, "clips", lambda self, split, **options: chosen)
    scores = evaluate(load(), split="validation", strength="ordinary", clips=1, frames=3, say=lambda text: None)
    assert np.mean([score.error for score in scores]) < 0.6 * np.mean([score.still for score in scores])
    assert 0.4 < np.mean([score.gain for score in scores]) < 1.3
