"""Files of Oh's magnifier in the public layouts, and how the network is applied to a clip."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from bumps import clip, face, field, warped
from safetensors.torch import save_file

from mebench.errors import CheckpointError, ConfigError, MissingWeights
from mebench.magnification.oh2018 import Oh2018, convert, load
from mebench.magnification.oh2018_checkpoint import read_oh2018
from mebench.magnification.oh2018_network import OhConfig, ShapeOnly, TextureShape

SMALL = OhConfig(width=4, encoder=2, shape=1, texture=1, decoder=3)


def published(network: torch.nn.Module) -> OrderedDict[str, torch.Tensor]:
    """As ``generator_212000.pth``: an ordered dictionary of tensors with the data-parallel prefix, no wrapper."""
    return OrderedDict((f"module.{name}", tensor.clone()) for name, tensor in network.state_dict().items())


@pytest.fixture
def moving() -> torch.Tensor:
    return clip(face(), warped(face(), field(0, 2.0)))


@pytest.mark.parametrize(("layout", "tensors", "parameters"), [(ShapeOnly, 37, 365_968), (TextureShape, 42, 877_968)])
def test_published_sizes(layout, tensors, parameters):
    state = layout().state_dict()
    assert len(state) == tensors and sum(tensor.numel() for tensor in state.values()) == parameters


@pytest.mark.parametrize("layout", [ShapeOnly, TextureShape])
def test_a_published_file_loads(layout, tmp_path):
    torch.manual_seed(0)
    network = layout(SMALL)
    torch.save(published(network), tmp_path / "generator.pth")
    save_file(convert(published(network)), tmp_path / "kept.safetensors")
    for name in ("generator.pth", "kept.safetensors"):
        loaded = read_oh2018(tmp_path / name)
        assert type(loaded) is layout and loaded.config == replace(SMALL, texture=loaded.config.texture)
        assert all(
            torch.equal(a, b) for a, b in zip(loaded.state_dict().values(), network.state_dict().values(), strict=True)
        )
        assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert load(tmp_path / "generator.pth").weights == "generator.pth"


def test_files_that_do_not_fit_are_refused(tmp_path):
    state = published(ShapeOnly(SMALL))
    name = "module.decoder.conv2.weight"
    with pytest.raises(CheckpointError, match=r"missing: decoder\.conv2\.weight"):
        convert({key: tensor for key, tensor in state.items() if key != name})
    with pytest.raises(CheckpointError, match="unexpected: more"):
        convert({**state, "module.more": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"wrong shape: decoder\.conv2\.weight"):
        convert({**state, name: torch.zeros(3, 4, 5, 5)})
    with pytest.raises(CheckpointError, match="NaN"):
        convert({**state, name: torch.full_like(state[name], float("nan"))})
    with pytest.raises(CheckpointError, match="no encoder of Oh's magnifier"):
        convert({"generator.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="no named tensors"):
        convert([1, 2])
    (tmp_path / "torn.pth").write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_oh2018(tmp_path / "torn.pth")


def test_missing_weights_say_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    with pytest.raises(MissingWeights, match=r"generator_212000\.pth.*mebench weights add oh2018-infusenet PATH"):
        load("oh2018-infusenet")
    with pytest.raises(MissingWeights, match=r"no file .*gone\.pth"):
        load(tmp_path / "gone.pth")
    with pytest.raises(ConfigError, match="name or path"):
        load("")


def test_the_shipped_file_enlarges_what_moves(moving):
    """Weak, but in the right direction: more of the motion than the frame shows, and the reference stays."""
    magnifier = load()
    assert magnifier.weights == "oh2018-lite"
    made = magnifier.magnify(moving, 4.0, 0)
    change, asked = (made[1] - moving[1]).flatten(), (moving[1] - moving[0]).flatten()
    assert float((change * asked).sum() / (asked**2).sum()) > 0.2 and torch.equal(made[0], moving[0])


@pytest.mark.parametrize("layout", [ShapeOnly, TextureShape])
def test_factor_one_paints_the_frame_alone(layout, moving):
    """Both layouts are called with their own neutral factor: what is painted then depends on the frame alone."""
    torch.manual_seed(1)
    magnifier = Oh2018(layout(SMALL), detail=False, align=False)
    other = torch.stack((moving[0].flip(-1), moving[1]))
    assert torch.allclose(magnifier.magnify(moving, 1.0, 0)[1], magnifier.magnify(other, 1.0, 0)[1], atol=1e-6)
    assert not torch.allclose(magnifier.magnify(moving, 4.0, 0)[1], magnifier.magnify(other, 4.0, 0)[1], atol=1e-3)


@pytest.mark.parametrize("layout", [ShapeOnly, TextureShape])
def test_the_increment_vanishes_without_motion_or_magnification(layout, moving):
    torch.manual_seed(2)
    network = layout(SMALL).eval()

    def increment(first: torch.Tensor, second: torch.Tensor, factor: float) -> torch.Tensor:
        own = torch.full((1, 1, 1, 1), factor - 1.0 + network.neutral)
        return network.manipulate(first, second, own).increment

    with torch.no_grad():
        first, second = network.encode(moving * 2.0 - 1.0).shape.split(1)
        assert float(increment(first, first, 8.0).abs().max()) == 0.0
        assert float(increment(first, second, 1.0).abs().max()) == 0.0
        found = increment(first, second, 8.0)
    assert found.shape == (1, 4, 128, 128) and float(found.abs().max()) > 0.0
