"""``--device``: what is refused, what is recorded, and which card a worker sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mebench.backbones.contract import BackboneFacts
from mebench.backbones.placed import PlacedBackbone, place
from mebench.errors import ConfigError
from mebench.methods import load_method
from mebench.methods.placing import checked, put
from mebench.runs.plan import describe
from mebench.runs.pool import card_of
from mebench.runs.spec import MethodSpec


class Echo:
    """A backbone that gives its driver back, through a network."""

    scales_motion = True
    facts = BackboneFacts("echo", "none", "", 8, "relative", "nothing", "", {})

    def __init__(self) -> None:
        self.network = nn.Identity()

    def enroll(self, source: torch.Tensor) -> torch.Tensor:
        return source

    def drive(
        self, identity: Any, driving: torch.Tensor, reference: torch.Tensor, motion_scale: float = 1.0
    ) -> torch.Tensor:
        made: torch.Tensor = self.network(driving * motion_scale).double()
        return made


def test_frames_come_back_on_the_processor_in_float32() -> None:
    placed = PlacedBackbone(Echo(), torch.device("cpu"))
    clip = torch.rand(2, 3, 8, 8)
    made = placed.drive(placed.enroll(clip[0]), clip, clip[0], motion_scale=0.5)
    assert made.dtype == torch.float32
    assert torch.equal(made, clip * 0.5)
    assert placed.scales_motion
    assert placed.facts.name == "echo"


def test_the_processor_changes_nothing() -> None:
    backbone = Echo()
    assert place(backbone, "cpu") is backbone


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cuda:-1", "", "cuda; rm"])
def test_a_device_that_does_not_exist_is_named(device: str) -> None:
    with pytest.raises(ConfigError, match="give cpu, cuda"):
        checked(load_method("direct"), device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a card")
def test_a_card_that_is_not_here_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match="not on this machine"):
        put(load_method("direct"), "cuda")


def test_a_method_without_networks_stays_on_the_processor() -> None:
    with pytest.raises(ConfigError, match="leave --device out"):
        checked(load_method("still"), "cuda")
    assert checked(load_method("still"), "cpu") == "cpu"


def test_the_device_is_a_fact_of_the_run_and_its_number_is_not() -> None:
    facts = [describe(MethodSpec.named("direct", None, device))["facts"] for device in ("cpu", "cuda", "cuda:1")]
    assert "device" not in facts[0]
    assert facts[1] == facts[2] == {**facts[0], "device": "cuda"}


def _setup(device: str) -> Any:
    return {"runs": [{"device": device}, {"device": "cpu"}]}


def test_workers_take_turns_with_the_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4, 6")
    assert [card_of(i, _setup("cuda"))["CUDA_VISIBLE_DEVICES"] for i in range(3)] == ["4", "6", "4"]
    assert card_of(1, _setup("cpu")) == {}
    assert card_of(1, _setup("cuda:1")) == {}
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    assert card_of(5, _setup("cuda")) == {"CUDA_VISIBLE_DEVICES": "2"}
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert card_of(5, _setup("cuda")) == {}


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a card")
def test_a_run_on_a_card_that_is_not_here_stops_with_a_sentence(tmp_path: Path) -> None:
    from mebench.runs.start import run

    with pytest.raises(ConfigError, match="finds no CUDA card"):
        run("direct", "fomm", device="cuda", out=tmp_path, limit=1, jobs=1, bounds=False)
    assert not list(tmp_path.glob("*/clips/*/*"))
