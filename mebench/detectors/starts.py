"""Published weights from which a detector's network may start. They cannot ship; where one was put, it is used.

Looked for in ``$MEBENCH_HOME/weights/starts``, as ``NAME.safetensors`` or ``NAME.pth``: ``resnet18``, ``resnet34`` and
``resnet50`` (ImageNet, torchvision), ``resnet10t`` and ``vit-tiny`` (ImageNet, timm's ``resnet10t`` and
``vit_tiny_patch16_224``). Their heads are left out. The magnifier of InfuseNet starts from the added weights
``oh2018-infusenet`` (see ``mebench weights``). Without them training starts from random weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from mebench.errors import CheckpointError
from mebench.home import home
from mebench.weights.locate import place

HEADS = ("fc.", "head.")


@dataclass(frozen=True)
class Start:
    """Weights for parts of a network. parts: by the path of the submodule that takes them ("" for the whole one), a file
    and the part of its tensors, such as ``encoder`` ("" for all).

    said: what a table calls it, such as ``resnet18``.
    """

    parts: Mapping[str, tuple[Path, str]]
    said: str

    def __call__(self, network: nn.Module) -> None:
        """Copy them; :class:`CheckpointError` when a file does not fit."""
        for part, (path, inside) in self.parts.items():
            _take(network.get_submodule(part), path, inside)


def published(parts: Mapping[str, str]) -> Start | None:
    """The start made of the files that are on this machine; None without any. parts: names of starts by submodule;
    ``name/part`` takes a part of a file."""
    found = {}
    for part, name in parts.items():
        stem, _, inside = name.partition("/")
        if (path := _file(stem)) is not None:
            found[part] = (path, inside)
    return Start(found, " + ".join(dict.fromkeys(path.stem for path, _ in found.values()))) if found else None


def _file(name: str) -> Path | None:
    if name.startswith("oh2018"):
        candidates = [place(name)]
    else:
        folder = home() / "weights" / "starts"
        candidates = [folder / f"{name}.safetensors", folder / f"{name}.pth"]
    return next((path for path in candidates if path.is_file()), None)


def _take(network: nn.Module, path: Path, inside: str) -> None:
    """Everything but heads and counters must fit."""
    prefix = f"{inside}." if inside else ""
    read = {name.removeprefix(prefix): tensor for name, tensor in _read(path).items() if name.startswith(prefix)}
    tensors = {name: tensor for name, tensor in read.items() if not name.startswith(HEADS)}
    own = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith(HEADS)}
    missing = sorted(
        name
        for name, tensor in own.items()
        if tensor.is_floating_point() and (name not in tensors or tensors[name].shape != tensor.shape)
    )
    if missing:
        raise CheckpointError(f"{path} is no start for this network: it lacks {', '.join(missing[:3])}.")
    network.load_state_dict({name: tensors[name] for name in own if name in tensors}, strict=False)


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} cannot be read as weights: {error}.") from error
    if not isinstance(loaded, dict):
        raise CheckpointError(f"{path} holds no named tensors.")
    return loaded
