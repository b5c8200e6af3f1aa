"""Reads published PWCLite checkpoints (``pwclite_ar.tar`` and relatives) by name."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mebench.errors import CheckpointError, MissingWeights
from mebench.motion.pwclite import PwcLite, PwcLiteConfig


def read_pwclite(path: Path) -> PwcLite:
    """The network of a published checkpoint or of the file that mebench keeps; frozen, in evaluation mode.

    The number of frames and the estimator are read from the shapes. Raises :class:`MissingWeights` when there is no
    file and :class:`CheckpointError` when it holds another network.
    """
    if not path.is_file():
        raise MissingWeights(f"there is no PWCLite checkpoint at {path}; give the path of a published file.")
    try:
        content = load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint; get the file again.") from error
    return _loaded(content, path).eval().requires_grad_(False)


def convert(content: Any, path: Path | str = "the checkpoint") -> dict[str, torch.Tensor]:
    """The content of a published checkpoint (a bare state, or one under ``state_dict``) as named tensors.

    Raises :class:`CheckpointError` when it holds another network.
    """
    return {name: tensor.detach().clone().contiguous() for name, tensor in _loaded(content, path).state_dict().items()}


def _loaded(content: Any, path: Path | str) -> PwcLite:
    state = content.get("state_dict", content) if isinstance(content, dict) else {}
    state = {str(name).removeprefix("module."): tensor for name, tensor in state.items()}
    first = state.get("flow_estimators.conv1.0.weight")
    if first is None:
        raise CheckpointError(f"{path} is no PWCLite checkpoint: it holds no 'flow_estimators.conv1.0.weight'.")
    dense = "flow_estimators.conv_last.0.weight" in state
    network = PwcLite(PwcLiteConfig(n_frames=3 if first.shape[1] > 115 else 2, reduce_dense=not dense))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"{path} does not fit PWCLite ({reason[:200]}); get the file again.") from error
    return network


def _unpickled(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)
