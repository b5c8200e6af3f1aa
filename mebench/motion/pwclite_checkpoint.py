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

_PUBLISHED_REDUCED = 32
"""Channels to which the published network reduces each level; those of a file give its width."""

_ONE_SIDE = 83
"""Inputs of the estimator for each neighbouring frame: 81 costs and a flow."""


def read_pwclite(path: Path) -> PwcLite:
    """The network of a published checkpoint or of the file that mebench keeps; frozen, in evaluation mode.

    The number of frames, the estimator and the width are read from the shapes. Raises :class:`MissingWeights` when there is no
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
    first, reduced = (state.get(name) for name in ("flow_estimators.conv1.0.weight", "conv_1x1.0.0.bias"))
    if first is None or reduced is None:
        raise CheckpointError(f"{path} is no PWCLite checkpoint: it holds no 'flow_estimators.conv1.0.weight'.")
    dense = "flow_estimators.conv_last.0.weight" in state
    frames = 3 if first.shape[1] - len(reduced) > _ONE_SIDE else 2
    network = PwcLite(PwcLiteConfig(frames, not dense, width=len(reduced) / _PUBLISHED_REDUCED))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CheckpointError(f"{path} does not fit PWCLite ({reason[:200]}); get the file again.") from error
    return network


def _unpickled(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)
