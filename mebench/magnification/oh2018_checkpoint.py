"""Reads weights of Oh et al.'s magnifier in either public layout, strictly by name and shape."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mebench.errors import CheckpointError, MissingWeights
from mebench.magnification.oh2018_network import ShapeOnly, TextureShape, config_of

_SHOWN = 5


def read_oh2018(path: Path) -> ShapeOnly | TextureShape:
    """The network of a weight file, published or kept by mebench, frozen and in evaluation mode.

    Layout and sizes are read from names and shapes. Raises :class:`MissingWeights` when there is no file and
    :class:`CheckpointError`, naming the tensors, when it does not fit.
    """
    tensors = convert(_payload(Path(path)), path)
    network = _network(tensors, path)
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def convert(content: Any, path: Path | str = "the checkpoint") -> dict[str, torch.Tensor]:
    """The content of a published file as named float32 tensors.

    ``generator_212000.pth`` is an ordered dictionary of 37 tensors with the prefix ``module.``; a dictionary below
    ``state_dict`` and names without the prefix are accepted too. Raises :class:`CheckpointError` with the tensors that
    are missing, unexpected or of another shape.
    """
    state = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not state or not all(map(torch.is_tensor, state.values())):
        raise CheckpointError(f"{path} holds no named tensors; give the file generator_212000.pth of Oh's magnifier.")
    tensors = {str(name).removeprefix("module."): tensor.float() for name, tensor in state.items()}
    expected = {name: tuple(tensor.shape) for name, tensor in _network(tensors, path).state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    problems = {
        "missing": sorted(set(expected) - set(found)),
        "unexpected": sorted(set(found) - set(expected)),
        "of the wrong shape": sorted(name for name in set(found) & set(expected) if found[name] != expected[name]),
    }
    if any(problems.values()):
        words = "; ".join(f"{kind}: {_some(names)}" for kind, names in problems.items() if names)
        raise CheckpointError(f"{path} does not fit Oh's magnifier ({words}); get the published file again.")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise CheckpointError(f"{path} holds NaN or infinite weights; get the file again.")
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def _network(tensors: Mapping[str, torch.Tensor], path: Path | str) -> ShapeOnly | TextureShape:
    known = config_of({name: tuple(tensor.shape) for name, tensor in tensors.items()})
    if known is None:
        raise CheckpointError(
            f"{path} holds {_some(sorted(tensors))}, and no encoder of Oh's magnifier in a layout that is known."
        )
    layout, config = known
    return layout(config)


def _payload(path: Path) -> Any:
    if not path.is_file():
        raise MissingWeights(f"there is no file {path}; give the path of weights of Oh's magnifier.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(f"{path} cannot be read as a checkpoint ({reason[:120]}); get the file again.") from error


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
