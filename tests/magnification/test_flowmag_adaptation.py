"""FlowMag fitted to the test clip through its own loss: the copy, the pairs, the flow network, the record."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from mebench.errors import ConfigError, MissingWeights
from mebench.magnification.flowmag import FlowMagMagnifier, load
from mebench.magnification.flowmag_adaptation import adapted, augmented, loss_flow
from mebench.magnification.flowmag_loss import flowmag_loss
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig
from mebench.methods.build import _recipe
from mebench.methods.card import Stage
from mebench.methods.pipeline import _facts
from mebench.motion.pwclite import PwcLite, PwcLiteConfig
from mebench.weights import sha256


def clip(count: int = 3, side: int = 64) -> torch.Tensor:
    torch.manual_seed(0)
    coarse = torch.rand(1, 3, side // 8, side // 8)
    smooth = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)
    return torch.cat([smooth.roll(index, dims=-1) for index in range(count)])


def network() -> FlowMag:
    torch.manual_seed(1)
    return FlowMag(FlowMagConfig(ndf=4)).eval()


def brightness(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Stands for a flow network: differentiable, and blind to nothing that the painter can change."""
    return (second - first)[:, :2]


def loss(model: FlowMag, frames: torch.Tensor) -> float:
    pairs = torch.stack((frames[:1].expand(2, -1, -1, -1), frames[1:]), dim=2)
    alpha = torch.full((2,), 4.0)
    # Batch statistics: the running ones lag behind in so few steps.
    model = copy.deepcopy(model).train()
    with torch.no_grad():
        painted = model(pairs, alpha)[:, :, 0]
        return float(flowmag_loss(brightness, pairs[:, :, 0], pairs[:, :, 1], painted, alpha).total)


def test_steps_fit_a_copy_to_the_clip_and_leave_the_network_alone(monkeypatch):
    monkeypatch.setattr("mebench.magnification.flowmag_adaptation.RATE", 3e-3)
    frames, model = clip(), network()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.inference_mode():
        first, second = (adapted(model, brightness, frames[0], frames[1:], 12) for _ in range(2))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert loss(first, frames) < loss(model, frames)


def test_both_frames_of_a_pair_are_changed_alike():
    frame = clip(1)[0]
    pair = augmented(torch.stack((frame, frame)), np.random.default_rng(3))
    assert pair.shape == (2, 3, 64, 64) and torch.equal(pair[0], pair[1])
    assert not torch.allclose(pair[0], frame, atol=0.05)


@pytest.mark.parametrize(("height", "width", "side"), [(100, 60, 128), (600, 520, 512), (64, 64, 64)])
def test_crops_are_what_flow_networks_take(height, width, side):
    assert augmented(torch.rand(2, 3, height, width), np.random.default_rng(0)).shape[-2:] == (side, side)


def test_the_magnifier_adapts_and_says_so(tmp_path):
    frames = clip()
    plain, adapting = FlowMagMagnifier(network(), align=False), FlowMagMagnifier(network(), "w", False, 2, brightness)
    found = adapting.magnify(frames, 4.0, 0)
    assert torch.equal(found, adapting.magnify(frames, 4.0, 0)) and torch.equal(found[0], frames[0])
    assert not torch.equal(found, plain.magnify(frames, 4.0, 0))
    facts = _facts(adapting)
    assert facts is not None and facts["adapted_to_the_test_clip"] == 2
    assert "adapted_to_the_test_clip" not in (_facts(plain) or {})


def test_a_checkpoint_adapts_through_a_pwclite_file(tmp_path):
    model = network()
    torch.save(
        {"state_dict": {f"module.{name}": tensor for name, tensor in model.state_dict().items()}}, tmp_path / "f.pth"
    )
    torch.manual_seed(2)
    tensors = PwcLite(PwcLiteConfig(width=0.25)).state_dict()
    from safetensors.torch import save_file

    save_file(tensors, tmp_path / "pwclite.safetensors")
    magnifier = load(tmp_path / "f.pth", align=False, adapt=1, adapt_flow=str(tmp_path / "pwclite.safetensors"))
    frames = clip(2)
    assert (_facts(magnifier) or {})["adapted_through_flow"] == str(tmp_path / "pwclite.safetensors")
    assert magnifier.weights_sha256 == sha256(tmp_path / "f.pth")
    assert (_facts(magnifier) or {})["adapt_flow_sha256"] == sha256(tmp_path / "pwclite.safetensors")
    # Its frames depend on the flow network's weights too, so they are not kept under those of the magnifier alone.
    assert _recipe(Stage(name="flowmag", options={"weights": str(tmp_path / "f.pth")}), magnifier) is None
    plain = load(tmp_path / "f.pth", align=False)
    assert _recipe(Stage(name="flowmag", options={"weights": str(tmp_path / "f.pth")}), plain) is not None
    changed = magnifier.magnify(frames, 4.0, 0)
    assert changed.isfinite().all() and not torch.equal(changed, plain.magnify(frames, 4.0, 0))


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeights, match="pwclite"):
        loss_flow("pwclite")
    with pytest.raises(MissingWeights, match="raft"):
        loss_flow("raft")
    with pytest.raises(ConfigError, match="number of steps"):
        FlowMagMagnifier(network(), adapt=-1)
    with pytest.raises(ConfigError, match="adapt_flow"):
        FlowMagMagnifier(network(), adapt=1)
