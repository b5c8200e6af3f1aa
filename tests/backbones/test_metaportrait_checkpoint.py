"""Published MetaPortrait checkpoints: read by name, spectral norm folded, differences listed."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from mebench.backbones.metaportrait.checkpoint import check, convert, fold, load_official
from mebench.backbones.metaportrait.config import DenseMotionConfig, GeneratorConfig, LadderConfig, read_discriminator
from mebench.backbones.metaportrait.generator import MetaPortrait
from mebench.errors import CheckpointError, ConfigError
from mebench.weights.add import resolve

SMALL = GeneratorConfig(
    block_expansion=8,
    max_features=16,
    ladder=LadderConfig(z_dim=8),
    dense_motion_params=DenseMotionConfig(block_expansion=4, max_features=8, num_blocks=3, dec_lease=2, AdaINc=8),
)


@pytest.fixture(scope="module")
def published():
    """A checkpoint of the published layout with small motion and feature networks; every value is .01."""
    with torch.device("meta"):
        shapes = MetaPortrait(SMALL).state_dict()
    return {name: torch.full(tuple(tensor.shape), 0.01) for name, tensor in shapes.items()}


def test_spectral_norm_is_folded(published):
    tensors = convert({"generator": published, "epoch": 3}, "ckpt_base.pth.tar", SMALL)
    assert not any(name.endswith(("weight_u", "weight_v")) for name in tensors)
    check(tensors, "converted", SMALL, spectral=False)
    kept = [name for name in tensors if name.endswith("weight_orig")]
    assert kept and all("adain.style.linear" in name for name in kept)


@pytest.mark.parametrize("layer", [torch.nn.Conv2d(3, 5, 3), torch.nn.ConvTranspose2d(4, 6, 4)])
def test_folding_equals_the_frameworks_own_norm(layer):
    """Output channels are rows of the matrix; those of the transposed convolution are its second axis."""
    torch.manual_seed(1)
    normed = torch.nn.utils.spectral_norm(layer).eval()
    normed(torch.rand(1, layer.in_channels, 4, 4))
    name = "SPDAE_G.conv1" if isinstance(layer, torch.nn.ConvTranspose2d) else "other"
    folded = fold({f"{name}.{key}": tensor for key, tensor in normed.state_dict().items()})
    torch.testing.assert_close(folded[f"{name}.weight"], normed.weight.detach())


def test_folded_checkpoints_and_prefixes_are_taken(published):
    folded = {f"module.{name}": tensor for name, tensor in fold(published).items()}
    tensors = convert({"generator": folded}, "meta.pth.tar", SMALL)
    assert not any(name.startswith("module.") for name in tensors)


def test_differences_are_listed(published):
    changed = dict(published)
    del changed["fuse_high_res.bias"]
    changed["SPDAE_G.extra"] = torch.zeros(2)
    changed["SPDAE_G.conv_img.bias"] = torch.zeros(4)
    with pytest.raises(CheckpointError) as raised:
        convert({"generator": changed}, "some.pth.tar", SMALL)
    message = str(raised.value)
    assert message.startswith("some.pth.tar does not fit MetaPortrait")
    assert "missing fuse_high_res.bias" in message and "unexpected SPDAE_G.extra" in message
    assert "SPDAE_G.conv_img.bias [4] instead of [3]" in message


def test_half_of_a_spectral_norm_is_a_difference(published):
    changed = {name: tensor for name, tensor in published.items() if name != "SPDAE_G.conv1.weight_v"}
    with pytest.raises(CheckpointError, match=r"missing SPDAE_G\.conv1\.weight_v"):
        convert({"generator": changed}, "some.pth.tar", SMALL)


def test_values_that_are_not_finite_are_refused(published):
    changed = {**published, "fuse_high_res.bias": torch.full((8,), float("nan"))}
    with pytest.raises(CheckpointError, match=r"not finite in fuse_high_res\.bias"):
        convert({"generator": changed}, "some.pth.tar", SMALL)


@pytest.mark.parametrize("wrong", [{"kp_detector": {}}, {}, [1], {"generator": 3}])
def test_another_network_is_refused(wrong):
    with pytest.raises(CheckpointError, match="not a MetaPortrait checkpoint: it needs the entry generator"):
        convert(wrong, "other.pth")


def test_a_converted_file_is_loaded_frozen(published, tmp_path):
    path = tmp_path / "metaportrait-base.safetensors"
    save_file(convert({"generator": published}, "ckpt", SMALL), path)
    network = load_official(path, SMALL)
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())
    assert not any(parameter.is_meta for parameter in network.parameters())
    with pytest.raises(CheckpointError, match="does not fit MetaPortrait"):
        load_official(path)


def test_the_family_names_the_published_file():
    assert resolve("metaportrait", "ckpt_base.pth.tar").name == "metaportrait-base"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"use_in": True}, "generator does not know use_in"),
        ({"ladder": {"z_dims": 3}}, "ladder does not know z_dims"),
        ({"with_ht": True}, "with_ht is False in every published model"),
        ({"ladder": {"z_dim": 8}}, "must be equal"),
        ({"dense_motion_params": {"dec_lease": 5}}, "dec_lease must be smaller"),
    ],
)
def test_configurations_that_do_not_exist_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        GeneratorConfig.from_mapping(changes)
    with pytest.raises(ConfigError, match="sees images alone"):
        read_discriminator({"use_kp": True})


def test_switched_off_guides_are_left_out():
    config = GeneratorConfig(with_gaze_htmap=False, with_mouth_line=False, with_ldmk_line=False)
    assert config.guide_channels == 1 and GeneratorConfig().guide_channels == 18
