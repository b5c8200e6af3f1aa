"""The weights that ship: their size, their card, and that they animate faces that they have never seen."""

from __future__ import annotations

import pytest

from mebench.backbones.metaportrait.backbone import load
from mebench.backbones.metaportrait.lite_checkpoint import load_lite
from mebench.training.reenactment import evaluate
from mebench.weights import find


def test_size_and_card():
    path = find("metaportrait-lite")
    assert path.stat().st_size <= 10_000_000
    network = load_lite(path)
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(2_081_000, rel=0.01)
    cards = path.parents[1] / "cards"
    assert {f"metaportrait-lite.{kind}" for kind in ("md", "csv", "png")} <= {file.name for file in cards.iterdir()}
    text = (cards / "metaportrait-lite.md").read_text()
    for word in ("mebench train backbone metaportrait --preset lite", "variant", "Seed", "exact", "rendered faces"):
        assert word in text


def test_animates(monkeypatch):
    """An ordinary expression of a validation identity: less than six tenths of the error of a still frame."""
    from mebench.datasets.synme.dataset import Synme

    chosen = [Synme().clip("f-validation-00-0-ordinary")]
    monkeypatch.setattr(Synme, "clips", lambda self, split, **options: chosen)
    (score,) = evaluate(load(), split="validation", strength="ordinary", clips=1, frames=2, say=lambda text: None)
    assert score.error < 0.6 * score.still
    assert 0.4 < score.gain < 1.3
