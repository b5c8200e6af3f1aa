"""Reading FlowMag checkpoints, published or trained here."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mebench.errors import CheckpointError, MissingWeights
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig

_KEPT = "generator."
_IGNORED = "mm_loss_fn."
"""The frozen flow network of the training loss, which published checkpoints carry along."""

_SHOWN = 5


def read_flowmag(path: Path) -> FlowMag:
    """The network of a published checkpoint, or of the converted safetensors file, in evaluation mode.

    Width and depth are read from the shapes. Raises :class:`MissingWeights` when there is no file and
    :class:`CheckpointError`, naming the keys, when it does not fit.
    """
    state = convert(_payload(path), path)
    model = FlowMag(_config(state, path))
    model.load_state_dict(state)
    return model.eval()


def convert(content: Any, path: Path | str = "the checkpoint") -> dict[str, torch.Tensor]:
    """The content of a published checkpoint as ``generator.<name>`` tensors.

    It holds ``state_dict`` with data-parallel names: ``module.generator.*`` is kept and must fit exactly,
    ``module.mm_loss_fn.*`` (the frozen flow network of the loss) is ignored. Bare names and a bare state are accepted.
    Raises :class:`CheckpointError` with the tensors that are missing, unexpected or of another shape.
    """
    state = _generator_state(content, path)
    expected = FlowMag(_config(state, path)).state_dict()
    missing = sorted(set(expected) - set(state))
    unexpected = sorted(set(state) - set(expected))
    wrong = sorted(
        f"{name} is {list(state[name].shape)}, not {list(expected[name].shape)}"
        for name in set(state) & set(expected)
        if state[name].shape != expected[name].shape
    )
    if missing or unexpected or wrong:
        found = (("missing", missing), ("unexpected", unexpected), ("of the wrong shape", wrong))
        problems = "; ".join(f"{kind}: {_some(names)}" for kind, names in found if names)
        raise CheckpointError(f"{path} is no FlowMag checkpoint that fits ({problems}); get the published file again.")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in state.values()):
        raise CheckpointError(f"{path} holds NaN or infinite weights; get the file again.")
    return {name: tensor.detach().clone().contiguous() for name, tensor in state.items()}


def _generator_state(content: Any, path: Path | str) -> dict[str, torch.Tensor]:
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} holds no 'state_dict'; give a FlowMag checkpoint such as raft_chkpt_00140.pth.")
    names = {str(name).removeprefix("module."): tensor for name, tensor in state.items()}
    kept = {name: tensor for name, tensor in names.items() if not name.startswith(_IGNORED)}
    if not any(name.startswith(_KEPT) for name in kept) or not all(map(torch.is_tensor, kept.values())):
        shown = _some(sorted(map(str, state))) or "nothing"
        raise CheckpointError(f"{path} is no FlowMag checkpoint: it holds {shown} and no 'module.generator.*'.")
    return kept


def _payload(path: Path) -> Any:
    if not path.is_file():
        raise MissingWeights(f"there is no FlowMag checkpoint at {path}; give the path of a published file.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(f"{path} cannot be read as a checkpoint ({reason[:120]}); get the file again.") from error


def _config(state: dict[str, torch.Tensor], path: Path | str) -> FlowMagConfig:
    published = FlowMagConfig()
    first = state.get("generator.down_layers.0.double_conv.0.weight")
    levels = {int(match[1]) for name in state if (match := re.match(r"generator\.down_layers\.(\d+)\.", name))}
    planes = None if first is None or first.ndim != 4 else first.shape[1] - 3 * published.num_frames
    if first is None or planes is None or planes < 1 or len(levels) < 2:
        raise CheckpointError(f"{path} is no FlowMag checkpoint: its first convolution is missing or too narrow.")
    return FlowMagConfig(num_layers=max(levels) + 1, ndf=first.shape[0], pos_dim=planes)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
