"""Published weights of the feature networks: checked by name and shape when they are added, and loaded once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mebench.errors import CheckpointError
from mebench.weights import find

_SHOWN = 4


def checked(content: Any, path: Path, network: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors of ``network`` out of a published file's content; :class:`CheckpointError` names what does not fit.
    Tensors that the network has no place for are left out (classifiers)."""
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise CheckpointError(f"{path} holds no table of tensors; get the published file again.")
    wanted = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    missing = sorted(name for name in wanted if name not in content)
    other = sorted(name for name in wanted if name in content and content[name].shape != wanted[name].shape)
    if missing or other:
        named = ", ".join((missing or other)[:_SHOWN])
        what = "lacks" if missing else "has other shapes for"
        raise CheckpointError(f"{path} is of another network: it {what} {named} ({len(missing or other)} in all).")
    return {name: content[name].detach().float().contiguous() for name in wanted}


def loaded(weights: str, build: Callable[[], nn.Module]) -> nn.Module:
    """The network with the added weights ``weights``, in evaluation mode; :class:`~mebench.errors.MissingWeights` says
    what to put where, before anything is built."""
    path = find(weights)
    from safetensors.torch import load_file

    network = build()
    found = network.load_state_dict(load_file(path), strict=False)
    if missing := [name for name in found.missing_keys if not name.endswith("num_batches_tracked")]:
        raise CheckpointError(f"{path} lacks {', '.join(missing[:_SHOWN])}; add the weights '{weights}' again.")
    return network.eval().requires_grad_(False)
