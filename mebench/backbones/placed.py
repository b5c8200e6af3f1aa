"""A backbone whose networks are on another device: ``mebench run --device cuda``.

Pictures come from the processor and go back to it, so that magnifier, demagnifier, metrics and files know nothing of it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from mebench.backbones.contract import Backbone
from mebench.errors import ConfigError

CPU = "cpu"


def place(backbone: Backbone, device: str) -> Backbone:
    """The backbone with its networks on ``device``: ``cpu`` (the backbone itself), ``cuda``, ``cuda:1``, ``mps``.

    A backbone with a method ``to(device)`` is asked to move itself; of any other, the networks that it holds are moved.
    Convolutions stay in float32, without the shortened mantissa (TF32) that cards take by default. Raises
    :class:`ConfigError` for a device that is not here, or a backbone without networks.
    """
    if device == CPU:
        return backbone
    here = available(device)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.benchmark = False
    move = getattr(backbone, "to", None)
    networks = [value for value in vars(backbone).values() if isinstance(value, nn.Module)]
    if callable(move):
        move(here)
    elif networks:
        for network in networks:
            network.to(here)
    else:
        raise ConfigError(
            f"the backbone '{backbone.facts.name}' holds no network that could be moved to '{device}' and has no "
            "method to(device); leave --device out."
        )
    return PlacedBackbone(backbone, here)


def available(device: str) -> torch.device:
    """The device; :class:`ConfigError` with what is here when torch does not know it or this machine lacks it."""
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise ConfigError(f"there is no device '{device}'; give cpu, cuda, cuda:N or mps.") from None
    cards = torch.cuda.device_count()
    if chosen.type == "cuda" and (chosen.index or 0) >= cards:
        found = "no CUDA card" if not cards else f"{cards} of them, cuda:0 to cuda:{cards - 1}"
        raise ConfigError(f"the device '{device}' is not on this machine: torch {torch.__version__} finds {found}.")
    if chosen.type == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("the device 'mps' is not on this machine; leave --device out.")
    if chosen.type not in ("cuda", "mps"):
        raise ConfigError(f"the device '{device}' is not supported; give cpu, cuda, cuda:N or mps.")
    return chosen


class PlacedBackbone:
    """Answers as the backbone does, on ``device``; what comes back is float32 on the processor."""

    def __init__(self, backbone: Backbone, device: torch.device) -> None:
        self.backbone = backbone
        self.device = device
        self.facts = backbone.facts
        self.scales_motion: bool = getattr(backbone, "scales_motion", False)

    def enroll(self, source: torch.Tensor) -> Any:
        """As :meth:`Backbone.enroll`; what it gives stays on the device."""
        return self.backbone.enroll(source.to(self.device))

    def drive(self, identity: Any, driving: torch.Tensor, reference: torch.Tensor, **options: Any) -> torch.Tensor:
        """As :meth:`Backbone.drive`. options: ``motion_scale``, where the backbone takes it."""
        moved = driving.to(self.device), reference.to(self.device)
        return self.backbone.drive(identity, *moved, **options).float().cpu()
