"""EMOPortraits' released sizes: every name and shape of the published files, and the counts of the paper's model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mebench.backbones.emoportraits.networks import EmoPortraits
from mebench.backbones.emoportraits.options import RELEASED, Options, read_args
from mebench.errors import ConfigError

LISTING = Path(__file__).parents[1] / "golden" / "emoportraits" / "state_dict_released.tsv"


def listed() -> dict[str, tuple[int, ...]]:
    rows = [line.split("\t") for line in LISTING.read_text().splitlines()[1:]]
    return {name: () if shape == "scalar" else tuple(map(int, shape.split("x"))) for name, shape in rows}


@pytest.fixture(scope="module")
def released():
    with torch.device("meta"):
        return EmoPortraits(RELEASED)


def test_names_and_shapes(released):
    ours = {name: tuple(tensor.shape) for name, tensor in released.model.state_dict().items()}
    ours |= {f"[pose file] {name}": tuple(tensor.shape) for name, tensor in released.pose.state_dict().items()}
    assert ours == listed()
    assert len(ours) == 806 + 122


def test_learned_parameters(released):
    assert sum(parameter.numel() for parameter in released.model.parameters()) == 160_704_361


def test_options_of_another_network_are_refused():
    with pytest.raises(ConfigError, match="pred_volume_num_blocks = 2"):
        Options.from_mapping({"pred_volume_num_blocks": 2})
    with pytest.raises(ConfigError, match="gen_latent_texture_depth = 8 and latent_volume_depth = 16"):
        Options.from_mapping({"gen_latent_texture_depth": 8, "latent_volume_depth": 16})
    with pytest.raises(ConfigError, match="500 must be 64 times a power of two"):
        Options.from_mapping({"image_size": 500})


def test_args_file_is_typed_by_looks():
    values = read_args(
        "dec_num_blocks: 6\nuse_sn: True\nim_dec_ch_div_factor: 1.5\nidt_backbone: resnet50\n\nlr: 2e-4\n"
    )
    assert values == {
        "dec_num_blocks": 6,
        "use_sn": True,
        "im_dec_ch_div_factor": 1.5,
        "idt_backbone": "resnet50",
        "lr": 2e-4,
    }
    assert Options.from_mapping(values) == RELEASED
    with pytest.raises(ConfigError, match="line 1: expected 'key: value'"):
        read_args("dec_num_blocks 6")
