"""Published FSRT checkpoints: read strictly by name, the variants told by their shapes."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from mebench.backbones.fomm.config import DetectorConfig
from mebench.backbones.fsrt import checkpoint
from mebench.backbones.fsrt.config import VOX_256, DecoderConfig, EncoderConfig, ExpressionConfig, FsrtConfig
from mebench.backbones.fsrt.detector import FrozenDetector
from mebench.errors import CheckpointError
from mebench.weights.add import add, resolve

TINY = FsrtConfig(
    expression_size=8,
    detector=DetectorConfig(block_expansion=4, max_features=16, num_blocks=2),
    expression=ExpressionConfig(features_per_kp=2, hidden=(8,)),
    encoder=EncoderConfig(num_att_blocks=1, stem_width=4, width=16, heads=2, head_dim=8, mlp_dim=16),
    decoder=DecoderConfig(num_att_blocks=1, input_mlp_dim=16, heads=2, head_dim=8, mlp_dim=16, render_dims=(16,) * 4),
)


def content(config=VOX_256, extra=True):
    """A file of the published layout and size; its tensors take no memory."""
    zero = torch.zeros(())
    with torch.device("meta"):
        parts = checkpoint.networks(config)
        state = {part: {name: tuple(t.shape) for name, t in parts[part].state_dict().items()} for part in parts}
    made = {part: {name: zero.expand(shape) for name, shape in named.items()} for part, named in state.items()}
    return {**made, **({"discriminator": {"a": zero}, "it": 5, "run_id": "x"} if extra else {})}


def detector_state(config=VOX_256):
    with torch.device("meta"):
        shapes = {name: tuple(t.shape) for name, t in FrozenDetector(config).state_dict().items()}
    return {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}


def values(state):
    return sum(tensor.numel() for name, tensor in state.items() if "running" not in name and "num_" not in name)


def test_published_sizes():
    full = content()
    assert {part: len(full[part]) for part in checkpoint.PARTS} == {
        "encoder": 63,
        "decoder": 38,
        "expression_encoder": 10,
    }
    assert values(full["encoder"]) == 29_774_112
    assert values(full["decoder"]) == 15_310_131
    assert values(full["expression_encoder"]) == 2_558_976
    small = content(VOX_256.with_small_decoder())
    assert len(small["decoder"]) == 34 and values(small["decoder"]) == 6_012_723
    detector = detector_state()
    assert len(detector) == 73 and "down.weight" in detector
    assert values(detector) - detector["down.weight"].numel() == 14_146_728


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("expression", [False, True])
def test_the_variant_is_told_by_the_shapes(small, expression):
    config = TINY.with_small_decoder() if small else TINY
    config = config if expression else config.without_source_expression()
    held = content(config)
    tensors = {f"{part}.{name}": t for part in checkpoint.PARTS for name, t in held[part].items()}
    assert checkpoint.variant_of(tensors, TINY) == config
    checkpoint.check(tensors, "x.pt", TINY)


def test_prefix_is_dropped_and_training_state_left_out():
    held = content(TINY)
    held["encoder"] = {f"module.{name}": t for name, t in held["encoder"].items()}
    tensors = checkpoint.convert(held, "x.pt", TINY)
    assert len(tensors) == len(held["encoder"]) + len(held["decoder"]) + len(held["expression_encoder"])
    assert "encoder.per_patch_linear.bias" in tensors


def test_differences_are_listed():
    held = content()
    del held["encoder"]["per_patch_linear.bias"]
    held["decoder"]["extra.weight"] = torch.zeros(1)
    held["decoder"]["render_mlp.8.bias"] = torch.zeros(4)
    with pytest.raises(CheckpointError) as raised:
        checkpoint.convert(held, "vox256.pt")
    message = str(raised.value)
    assert "vox256.pt does not fit an FSRT network" in message
    assert "missing encoder.per_patch_linear.bias" in message
    assert "unexpected decoder.extra.weight" in message
    assert "decoder.render_mlp.8.bias [4] instead of [3]" in message


@pytest.mark.parametrize("wrong", [{"encoder": {}, "decoder": {}}, {"state_dict": {}}, {}, [1]])
def test_missing_parts_are_named(wrong):
    with pytest.raises(CheckpointError, match=r"needs the entries encoder.*missing .*expression_encoder"):
        checkpoint.convert(wrong)


def test_detector_is_strict(fill):
    held = detector_state()
    assert len(checkpoint.convert_detector(held)) == 73
    with pytest.raises(CheckpointError, match=r"unexpected jacobian\.weight"):
        checkpoint.convert_detector({**held, "jacobian.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match=r"not finite in kp\.bias"):
        checkpoint.convert_detector({**held, "kp.bias": torch.full((10,), float("inf"))})
    with pytest.raises(CheckpointError, match="holds list"):
        checkpoint.convert_detector([])


def test_files_are_known_by_name():
    assert resolve("fsrt", "kp_detector.pt").name == "fsrt-kp-detector"
    assert resolve("fsrt", "vox256.pt").name == "fsrt-vox256"
    assert resolve("fsrt", "vox256_2Source.pt").name == "fsrt-vox256-2source"


def test_added_detector_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    state = {name: tensor.contiguous() for name, tensor in detector_state().items()}
    torch.save(state, tmp_path / "kp_detector.pt")
    added = add("fsrt", tmp_path / "kp_detector.pt")
    assert added.name == "fsrt-kp-detector" and added.tensors == 73 and added.path.is_file()
    with pytest.raises(CheckpointError, match=r"missing encoder\."):
        checkpoint.load_official(added.path, added.path)


def test_converted_files_load(tmp_path):
    config = TINY.with_small_decoder()
    held = content(config)
    held["decoder"]["render_mlp.4.bias"] = torch.tensor([0.1, 0.2, 0.3])
    network, detector = tmp_path / "network.safetensors", tmp_path / "detector.safetensors"
    save_file(checkpoint.convert(held, "x.pt", TINY), network)
    state = {**detector_state(TINY), "kp.bias": torch.arange(10.0)}
    save_file(checkpoint.convert_detector(state, "x.pt", TINY), detector)
    loaded, found = checkpoint.load_official(network, detector, TINY)
    assert found == config and not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert loaded["decoder"].render_mlp[4].bias.tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert loaded["kp_detector"].kp.bias.tolist() == list(range(10))
