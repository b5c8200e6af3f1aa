"""Published checkpoints: the old pickled format is read safely, strictly by name, and once."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from mebench.backbones.fomm import checkpoint
from mebench.backbones.fomm.checkpoint import check, load_official, networks, read_official
from mebench.backbones.fomm.config import VOX_256
from mebench.errors import CheckpointError


@pytest.fixture(scope="module")
def content(fill):
    """A checkpoint of the published layout and size, without optimisers."""
    parts = networks(VOX_256, grid_align_corners=True)
    state = {}
    for part in checkpoint.PARTS:
        fill.fill_state_dict(parts[part], 5, keep=("down.weight",))
        state[part] = dict(parts[part].state_dict())
    return {**state, "epoch": 99}


@pytest.fixture(scope="module")
def official(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("official") / "vox-cpk.pth.tar"
    torch.save(content, path, _use_new_zipfile_serialization=False)
    return path


def test_official_file_is_read_and_runs(official, content, tmp_path):
    tensors = read_official(official)
    assert len(tensors) == 75 + 196
    for part in checkpoint.PARTS:
        for name, tensor in content[part].items():
            assert torch.equal(tensors[f"{part}.{name}"], tensor), name
    kept = tmp_path / "vox-cpk.safetensors"
    save_file(tensors, kept)
    loaded = load_official(kept, grid_align_corners=False)
    points = loaded["kp_detector"](torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(1)))
    assert points.value.shape == (1, 10, 2) and points.jacobian.shape == (1, 10, 2, 2)
    assert not any(parameter.requires_grad for parameter in loaded.parameters()) and not loaded.training
    assert loaded["generator"].align_corners is False


def test_prefix_is_dropped_and_counters_may_be_missing(content):
    changed = {
        part: {f"module.{n}": t for n, t in content[part].items() if not n.endswith("num_batches_tracked")}
        for part in checkpoint.PARTS
    }
    tensors = checkpoint.convert(changed)
    assert "kp_detector.kp.weight" in tensors and "generator.final.bias" in tensors


def test_differences_are_listed(content):
    detector = dict(content["kp_detector"])
    del detector["kp.bias"]
    detector["extra.weight"] = torch.zeros(1)
    detector["jacobian.bias"] = torch.zeros(20)
    with pytest.raises(CheckpointError) as raised:
        checkpoint.convert({**content, "kp_detector": detector}, "some.pth.tar")
    message = str(raised.value)
    assert message.startswith("some.pth.tar does not fit")
    assert "missing kp_detector.kp.bias" in message
    assert "unexpected kp_detector.extra.weight" in message
    assert "kp_detector.jacobian.bias [20] instead of [40]" in message


def test_values_that_are_not_finite_are_refused(content):
    detector = {**content["kp_detector"], "kp.bias": torch.full((10,), float("nan"))}
    with pytest.raises(CheckpointError, match=r"not finite in kp_detector\.kp\.bias"):
        checkpoint.convert({**content, "kp_detector": detector})


@pytest.mark.parametrize("wrong", [{"state_dict": {"conv.weight": 1}}, {}, [1, 2]])
def test_another_network_is_refused(tmp_path, wrong):
    path = tmp_path / "other.pth"
    torch.save(wrong, path)
    with pytest.raises(CheckpointError, match=r"other\.pth is not a FOMM checkpoint: it needs the entries kp_detector"):
        read_official(path)


def test_code_in_a_pickle_is_refused(tmp_path):
    path = tmp_path / "bad.pth"
    torch.save({"generator": Harmful()}, path)
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint of tensors"):
        read_official(path)


class Harmful:
    """Unpickling this would call a function."""

    def __reduce__(self):
        return (print, ("called",))


def test_a_broken_file_and_a_missing_file(tmp_path, official):
    short = tmp_path / "short.pth.tar"
    short.write_bytes(official.read_bytes()[:5000])
    with pytest.raises(CheckpointError, match=r"short\.pth\.tar cannot be read"):
        read_official(short)
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        read_official(tmp_path / "absent.pth.tar")


def test_a_converted_file_of_another_network_is_refused(tmp_path):
    path = tmp_path / "flow.safetensors"
    save_file({"conv.weight": torch.zeros(2, 2)}, path)
    with pytest.raises(CheckpointError, match=r"missing kp_detector\.down\.weight.*unexpected conv\.weight"):
        load_official(path, grid_align_corners=True)
    with pytest.raises(CheckpointError, match="unexpected conv"):
        check({"conv.weight": torch.zeros(2, 2)}, path)
