"""The file of the small EMOPortraits: safetensors, its configuration as JSON in the metadata."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

from safetensors.torch import save

from mebench.backbones.emoportraits.lite import LiteConfig, LiteEmoPortraits
from mebench.backbones.fomm.checkpoint import read_safetensors, require_match
from mebench.errors import CheckpointError
from mebench.files import write_bytes

FORMAT = "mebench-emoportraits-lite-1"


def save_lite(network: LiteEmoPortraits, path: Path, *, half: bool, about: dict[str, str]) -> None:
    """Write the network. half: store float16 (counters of batch norm are left out). about: goes into the metadata."""
    tensors = {
        name: (tensor.half() if half else tensor).contiguous()
        for name, tensor in network.state_dict().items()
        if tensor.is_floating_point()
    }
    metadata = {"format": FORMAT, "config": json.dumps(asdict(network.config)), **about}
    write_bytes(path, save(tensors, metadata))


def load_lite(path: Path) -> LiteEmoPortraits:
    """The network in float32, frozen, in evaluation mode. Raises :class:`CheckpointError` for any other file."""
    tensors, metadata = read_safetensors(path)
    if metadata.get("format") != FORMAT:
        found = metadata.get("format", "unknown")
        raise CheckpointError(f"{path} is not an emoportraits-lite file (its format is '{found}').")
    values = json.loads(metadata["config"])
    if unknown := sorted(set(values) - {entry.name for entry in fields(LiteConfig)}):
        raise CheckpointError(f"{path} was written by another version of mebench: unknown {', '.join(unknown)}.")
    network = LiteEmoPortraits(LiteConfig(**values))
    state = network.state_dict()
    require_match(
        {name: tuple(tensor.shape) for name, tensor in tensors.items()},
        {name: tuple(tensor.shape) for name, tensor in state.items()},
        path,
        "emoportraits-lite",
    )
    network.load_state_dict(state | tensors)
    return network.eval().requires_grad_(False)
