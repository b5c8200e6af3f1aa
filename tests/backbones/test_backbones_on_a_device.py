"""Every backbone works wholly on the device that it is put on: checked with tensors that only claim to be on a card, so
that a tensor left on the processor is found on a machine without one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from mebench import registry
from mebench.backbones.metaportrait import carried
from mebench.backbones.metaportrait.backbone import LiteBackbone

CARD = torch.device("cuda:0")

FRAMES = 3


@pytest.fixture
def claimed(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTensorMode]:
    """Tensors without values, which know their device. What reads values is left out: the checks of the input."""
    for name in ("fomm", "fpb_fomm", "fsrt", "metaportrait", "emoportraits"):
        module = import_module(f"mebench.backbones.{name}.backbone")
        monkeypatch.setattr(module, "require_frames", lambda frames, what, *, dimensions: frames)
        monkeypatch.setattr(module, "require_finite", lambda frames, name: frames)
    # cuDNN's own grid sampling is not known for such tensors; torch's is.
    with torch.backends.cudnn.flags(enabled=False), FakeTensorMode(allow_non_fake_inputs=False) as mode:
        yield mode


def moved(network: nn.Module, mode: FakeTensorMode) -> nn.Module:
    """As ``network.to(CARD)`` does, which does not know such tensors."""
    for part in network.modules():
        for name, value in part._parameters.items():
            if value is not None:
                part._parameters[name] = nn.Parameter(mode.from_tensor(value).detach().to(CARD), requires_grad=False)
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = mode.from_tensor(buffer).to(CARD)
    return network


def networks_of(backbone: Any) -> list[nn.Module]:
    inner = getattr(backbone, "_networks", None)
    values = [*vars(backbone).values(), *(vars(inner).values() if hasattr(inner, "__dict__") else ())]
    return [value for value in values if isinstance(value, nn.Module)]


@pytest.mark.parametrize("name", ["fomm", "fsrt", "emoportraits", "fpb-fomm"])
def test_nothing_stays_on_the_processor(name: str, monkeypatch: pytest.MonkeyPatch, claimed: FakeTensorMode) -> None:
    with torch.utils._python_dispatch._disable_current_modes():
        backbone = registry.load("backbones", name)()
    if name == "fpb-fomm":
        module = import_module("mebench.backbones.fpb_fomm.backbone")
        monkeypatch.setattr(module, "_facial_points", lambda image: torch.zeros(1, 18, 2, device=image.device))
    assert networks_of(backbone)
    for network in networks_of(backbone):
        moved(network, claimed)
    source, clip = torch.empty(3, 256, 256, device=CARD), torch.empty(FRAMES, 3, 256, 256, device=CARD)
    with torch.no_grad():
        made = backbone.drive(backbone.enroll(source), clip, clip[0])
    assert made.device == CARD
    assert made.shape == (FRAMES, 3, 256, 256)


def test_nothing_of_the_small_metaportrait_stays_on_the_processor(
    monkeypatch: pytest.MonkeyPatch, claimed: FakeTensorMode
) -> None:
    with torch.utils._python_dispatch._disable_current_modes():
        backbone = registry.load("backbones", "metaportrait")()
    assert isinstance(backbone, LiteBackbone)
    network: Any = moved(backbone.network, claimed)
    size = network.config.size
    image, lines = torch.empty(1, 3, 256, 256, device=CARD), torch.empty(1, 3, size, size, device=CARD)
    points = torch.empty(1, 468, 2, device=CARD)
    # Kept between calls: neither a real one of an earlier test comes in here, nor one without values out.
    monkeypatch.setattr(carried, "_kernel", carried._kernel.__wrapped__)
    with torch.no_grad():
        encoded = network.encode(image, lines, points)
        steady = network.steadied(points.expand(FRAMES, -1, -1), backbone.tracker)
        made = network.render(
            encoded.expand(FRAMES), lines.expand(FRAMES, -1, -1, -1), points.expand(FRAMES, -1, -1)
        ).prediction
    assert (made.device, steady.device) == (CARD, CARD)
