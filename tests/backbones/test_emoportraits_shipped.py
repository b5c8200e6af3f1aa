"""The small EMOPortraits that ships: its size, its card, and that it animates a face that it has never seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mebench import registry
from mebench.backbones.emoportraits.lite_checkpoint import load_lite
from mebench.motion.warp import resize
from mebench.training.reenactment import evaluate
from mebench.weights import find


def test_size_and_card():
    path = find("emoportraits-lite")
    assert path.stat().st_size <= 10_000_000
    network = load_lite(path)
    assert sum(parameter.numel() for parameter in network.parameters()) == pytest.approx(811_000, rel=0.01)
    cards = path.parents[1] / "cards"
    text = (cards / "emoportraits-lite.md").read_text()
    assert (cards / "emoportraits-lite.csv").is_file() and (cards / "emoportraits-lite.png").is_file()
    for word in ("mebench train backbone emoportraits --preset lite", "Seed", "exact", "rendered faces", "variant"):
        assert word in text


@pytest.fixture(scope="module")
def faces():
    from mebench.datasets.synme.dataset import read_portrait

    images = np.stack([read_portrait(f"{domain}-validation-00") for domain in "abcdef"])
    return resize(torch.from_numpy(images.astype(np.float32) / 255).movedim(-1, 1), 256)


def test_no_motion_gives_the_source(faces):
    backbone = registry.load("backbones", "emoportraits")()
    for source in faces[:2]:
        output = backbone.drive(backbone.enroll(source), faces[3:4], faces[3])
        assert (output[0] - source).abs().mean() < 0.01


def test_the_expression_moves_the_face_by_itself():
    """With the source's head pose kept, the driver's expression alone moves the warp; half of it by half as much."""
    network = load_lite(find("emoportraits-lite"))
    from mebench.datasets.synme.dataset import Synme, plan_of
    from mebench.datasets.synme.keys import parse_clip

    key = "f-validation-00-0-ordinary"
    plan = plan_of(parse_clip(key))
    frames = Synme().clip_frames(key, [plan.onset, plan.apex])
    onset, apex = torch.from_numpy(frames.astype(np.float32) / 255).movedim(-1, 1)[:, None]
    with torch.no_grad():
        still, moved = network.read(onset), network.read(apex)
        source = network.encode(onset, still)
        whole, half = (
            network.render(source, still.transform, torch.lerp(still.expression, moved.expression, share)).displacement
            for share in (1.0, 0.5)
        )
    assert whole.norm(dim=1).amax() > 0.02
    slope = float((whole * half).sum() / whole.square().sum())
    assert 0.35 < slope < 0.65


def test_animates(monkeypatch):
    """Ordinary expressions of two validation identities: well below the error of a still frame."""
    from mebench.datasets.synme.dataset import Synme

    chosen = [Synme().clip(f"{person}-ordinary") for person in ("f-validation-00-0", "d-validation-01-0")]
    monkeypatch.setattr(Synme, "clips", lambda self, split, **options: chosen)
    backbone = registry.load("backbones", "emoportraits")()
    scores = evaluate(backbone, split="validation", strength="ordinary", clips=1, frames=3, say=lambda text: None)
    assert np.mean([score.error for score in scores]) < 0.65 * np.mean([score.still for score in scores])
    assert 0.3 < np.mean([score.gain for score in scores]) < 1.3
