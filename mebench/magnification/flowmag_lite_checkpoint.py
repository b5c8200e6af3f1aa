"""The weight file of the small magnifier: float32 safetensors with its history in the header."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mebench.errors import CheckpointError, MissingWeights
from mebench.files import write_whole
from mebench.magnification.flowmag_lite_network import LiteNetwork


def save_lite(network: torch.nn.Module, path: Path, about: dict[str, str]) -> None:
    """Write the weights, whole or not at all. about: data, preset and step, kept in the file's header."""
    tensors = {name: tensor.detach().contiguous().clone() for name, tensor in network.state_dict().items()}
    write_whole(path, lambda temporary: save_file(tensors, temporary, metadata=about))


def read_lite(path: Path) -> LiteNetwork:
    """The network of a weight file, in evaluation mode.

    Raises :class:`MissingWeights` when there is no file and :class:`CheckpointError` when it holds another network.
    """
    if not path.is_file():
        raise MissingWeights(f"there is no weight file {path}; train one with: mebench train magnifier flowmag-lite")
    network = LiteNetwork()
    expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read as safetensors ({error}); get the file again.") from error
    wrong = sorted(
        name for name in {*expected, *tensors} if name not in tensors or tensors[name].shape != expected.get(name)
    )
    if wrong:
        raise CheckpointError(
            f"{path} holds another network: {', '.join(wrong[:5])} do not fit; train again or reinstall mebench."
        )
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)
