"""FlowMag checkpoints: the published layout, and what does not fit."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from mebench.errors import CheckpointError, MissingWeights
from mebench.magnification.flowmag import convert, load, magnify_pair
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig


def network() -> FlowMag:
    torch.manual_seed(1)
    model = FlowMag(FlowMagConfig(ndf=4)).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
    return model


def published(model: FlowMag) -> dict:
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    state["module.mm_loss_fn.flow_net.flowNet.conv_1x1.0.0.bias"] = torch.zeros(32)
    return {"state_dict": state, "optimizer_state_dict": {}, "epoch": 140}


def test_a_published_checkpoint_is_read_by_name(tmp_path):
    model = network()
    path = tmp_path / "raft_chkpt_00140.pth"
    torch.save(published(model), path)
    magnifier = load(path, align=False)
    frames = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    result = magnifier.magnify(frames, 4.0, 0)
    with torch.no_grad():
        expected = magnify_pair(model, frames[:1], frames[1:], 4.0)
    assert torch.equal(result[1:], expected) and magnifier.weights == path.name


def test_the_converted_file_holds_the_generator_alone(tmp_path):
    model = network()
    tensors = convert(published(model))
    assert set(tensors) == set(model.state_dict())
    save_file(tensors, tmp_path / "flowmag.safetensors")
    frames = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        expected = magnify_pair(model, frames[:1], frames[1:], 2.0)
    assert torch.equal(load(tmp_path / "flowmag.safetensors", align=False).magnify(frames, 2.0, 0)[1:], expected)


def test_above_sixteen_the_network_is_applied_twice():
    model = network()
    frames = torch.rand(2, 1, 3, 32, 32)
    with torch.no_grad():
        once = magnify_pair(model, frames[0], frames[1], 5.0)
        twice = magnify_pair(model, frames[0], once, 5.0)
        assert torch.allclose(magnify_pair(model, frames[0], frames[1], 25.0), twice, atol=1e-6)
        assert torch.equal(
            magnify_pair(model, frames[0], frames[1], 16.0, passes=1), magnify_pair(model, *frames, 16.0)
        )


def refused(content, tmp_path) -> str:
    path = tmp_path / "wrong.pth"
    torch.save(content, path)
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_wrong_files_are_refused_by_name(tmp_path):
    broken = published(network())
    del broken["state_dict"]["module.generator.up_layers.4.conv.bias"]
    assert "missing: generator.up_layers.4.conv.bias" in refused(broken, tmp_path)
    broken = published(network())
    broken["state_dict"]["module.generator.extra"] = torch.zeros(1)
    assert "unexpected: generator.extra" in refused(broken, tmp_path)
    broken = published(network())
    broken["state_dict"]["module.generator.down_layers.1.maxpool_conv.1.double_conv.0.bias"] = torch.zeros(3)
    assert "of the wrong shape" in refused(broken, tmp_path)
    broken = published(network())
    broken["state_dict"]["module.generator.up_layers.4.conv.bias"][0] = torch.nan
    assert "NaN" in refused(broken, tmp_path)
    assert "no 'module.generator" in refused({"generator": {}, "kp_detector": {}}, tmp_path)
    assert "no 'state_dict'" in refused([1, 2], tmp_path)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(MissingWeights, match="there is no FlowMag checkpoint"):
        load(tmp_path / "none.pth")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load(tmp_path / "text.pth")
