"""The file of a small backbone: safetensors, its configuration as JSON in the metadata."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from safetensors.torch import save
from torch import nn

from mebench.backbones.fomm.checkpoint import read_safetensors, require_match
from mebench.errors import CheckpointError
from mebench.files import write_bytes

Network = TypeVar("Network", bound=nn.Module)


def save_network(network: nn.Module, path: Path, *, name: str, half: bool, about: dict[str, str]) -> None:
    """Write a network that has a dataclass ``config``.

    name: of the weights, ``fomm-lite``. half: store float16 (counters of batch norm are left out). about: goes into
    the metadata.
    """
    tensors = {
        key: (tensor.half() if half else tensor).contiguous()
        for key, tensor in network.state_dict().items()
        if tensor.is_floating_point()
    }
    config: Any = network.config
    metadata = {"format": _format(name), "config": json.dumps(asdict(config)), **about}
    write_bytes(path, save(tensors, metadata))


def load_network(path: Path, *, name: str, config: type[Any], build: Callable[[Any], Network]) -> Network:
    """The network in float32, frozen, in evaluation mode. Raises :class:`CheckpointError` for any other file.

    config: the dataclass of its configuration; build: the network from one.
    """
    tensors, metadata = read_safetensors(path)
    if metadata.get("format") != _format(name):
        raise CheckpointError(f"{path} is not a {name} file (its format is '{metadata.get('format', 'unknown')}').")
    values = json.loads(metadata["config"])
    if unknown := sorted(set(values) - {entry.name for entry in fields(config)}):
        raise CheckpointError(f"{path} was written by another version of mebench: unknown {', '.join(unknown)}.")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    network = build(config(**values))
    state = network.state_dict()
    require_match(
        {key: tuple(tensor.shape) for key, tensor in tensors.items()},
        {key: tuple(tensor.shape) for key, tensor in state.items()},
        path,
        name,
    )
    network.load_state_dict(state | tensors)
    return network.eval().requires_grad_(False)


def _format(name: str) -> str:
    return f"mebench-{name}-1"
