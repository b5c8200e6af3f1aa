"""The file of the small FOMM: safetensors, its configuration as JSON in the metadata."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

import torch
from safetensors.torch import save

from mebench.backbones.fomm.checkpoint import read_safetensors, require_match
from mebench.backbones.fomm.lite import LiteConfig, LiteFomm
from mebench.errors import CheckpointError
from mebench.files import write_bytes

FORMAT = "mebench-fomm-lite-1"


def save_lite(network: LiteFomm, path: Path, *, half: bool, about: dict[str, str]) -> None:
    """Write the network. half: store float16 (counters of batch norm are left out). about: goes into the metadata."""
    tensors = {
        name: (tensor.half() if half else tensor).contiguous()
        for name, tensor in network.state_dict().items()
        if tensor.is_floating_point()
    }
    metadata = {"format": FORMAT, "config": json.dumps(asdict(network.config)), **about}
    write_bytes(path, save(tensors, metadata))


def load_lite(path: Path) -> LiteFomm:
    """The network in float32, frozen, in evaluation mode. Raises :class:`CheckpointError` for any other file."""
    tensors, metadata = read_safetensors(path)
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a fomm-lite file (its format is '{metadata.get('format', 'unknown')}').")
    values = json.loads(metadata["config"])
    unknown = set(values) - {entry.name for entry in fields(LiteConfig)}
    if unknown:
        raise CheckpointError(
            f"{path} was written by another version of mebench: unknown {', '.join(sorted(unknown))}."
        )
    network = LiteFomm(LiteConfig(**values))
    state = network.state_dict()
    require_match(
        {name: tuple(tensor.shape) for name, tensor in tensors.items()},
        {name: tuple(tensor.shape) for name, tensor in state.items()},
        path,
        "fomm-lite",
    )
    network.load_state_dict(state | tensors)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
