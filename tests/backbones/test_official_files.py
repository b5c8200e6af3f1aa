"""Files of the published names, shapes and sizes through ``mebench weights add`` and the registry, with random values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from mebench import registry
from mebench.backbones.emoportraits.networks import EmoPortraits
from mebench.backbones.fsrt import checkpoint as fsrt
from mebench.backbones.fsrt.config import VOX_256
from mebench.backbones.fsrt.detector import FrozenDetector
from mebench.backbones.metaportrait.config import BASE_256
from mebench.backbones.metaportrait.generator import MetaPortrait
from mebench.cli.app import app
from mebench.errors import CheckpointError

Files = dict[str, Any]


def fsrt_files() -> Files:
    parts = fsrt.networks(VOX_256)
    return {
        "vox256.pt": {name: part.state_dict() for name, part in parts.items()} | {"epoch": 1},
        "kp_detector.pt": FrozenDetector(VOX_256).state_dict(),
    }


def metaportrait_files() -> Files:
    return {"ckpt_base.pth.tar": {"generator": MetaPortrait(BASE_256).state_dict()}}


def emoportraits_files() -> Files:
    both = EmoPortraits()
    extra = {"discriminator_ds.0.weight": torch.zeros(3)}
    return {"328_model.pth": both.model.state_dict() | extra, "head_pose_regressor.pth": both.pose.state_dict()}


CASES: dict[str, tuple[Callable[[], Files], dict[str, str], str]] = {
    "fsrt": (fsrt_files, {"vox256.pt": "fsrt-vox256", "kp_detector.pt": "fsrt-kp-detector"}, "fsrt-vox256"),
    "metaportrait": (metaportrait_files, {"ckpt_base.pth.tar": "metaportrait-base"}, "metaportrait-base"),
    "emoportraits": (
        emoportraits_files,
        {"328_model.pth": "emoportraits-328", "head_pose_regressor.pth": "emoportraits-pose"},
        "emoportraits-328",
    ),
}
"""By backbone: its files, the names under which they are added, and the weights to load."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_official_files_are_added_and_loaded(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    make, names, weights = CASES[name]
    torch.manual_seed(0)
    files = make()
    for file, content in files.items():
        torch.save(content, tmp_path / file)
        result = CliRunner().invoke(app, ["weights", "add", names[file], str(tmp_path / file)])
        assert result.exit_code == 0, result.output
    options = {"native": str(tmp_path)} if name == "metaportrait" else {}
    loaded = registry.load("backbones", name)(weights=weights, **options)
    assert loaded.facts.weights == weights and len(loaded.facts.weights_sha256) == 64


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_a_missing_and_an_extra_tensor_are_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mebench.weights.add import add

    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    make, names, _ = CASES[name]
    file, content = next(iter(make().items()))
    tensors = content.get("decoder", content.get("generator", content))
    gone = next(
        key for key in reversed(list(tensors)) if "num_batches_tracked" not in key and "discriminator" not in key
    )
    first = next(iter(tensors)).partition(".")[0]
    tensors[f"{first}.of_another_network"] = torch.zeros(2)
    del tensors[gone]
    torch.save(content, tmp_path / file)
    with pytest.raises(CheckpointError) as refusal:
        add(names[file], tmp_path / file)
    assert gone in str(refusal.value) and "of_another_network" in str(refusal.value)
