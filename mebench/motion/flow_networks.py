"""Learned flow behind the interface of :mod:`mebench.motion.flow`: RAFT and PWCLite, where their weights are present."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from mebench.errors import CheckpointError, ConfigError
from mebench.motion.flow import DisFine, DisSteady, Flow, FlowEstimator
from mebench.motion.pwclite_checkpoint import read_pwclite
from mebench.weights.locate import find, sha256_unless_shipped

ESTIMATORS = ("dis-fine", "dis-steady", "pwclite-lite", "raft", "pwclite")

PWCLITE = {"pwclite": "pwclite-ar", "pwclite-lite": "pwclite-lite"}
"""Estimator: its weights. The second ships."""

RAFT_ITERATIONS = 20
"""Updates of the flow: as FlowMag evaluates with (arXiv 2311.17056); more no longer change it by 0.01 px."""

_RAFT_MULTIPLE, _RAFT_SMALLEST = 8, 128
"""Sides that torchvision's RAFT takes: multiples of 8; its correlation pyramid needs at least 128."""

_PWC_MULTIPLE = 64


FlowNetwork = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""``(first, second)``, both ``[B,3,H,W]`` in [0,1], to the flow ``[B,2,H,W]`` in pixels on the grid of the first."""


class NetworkFlow:
    """A network as a flow estimator. name: stands in every result.

    network: ``[1,3,H,W]`` in [0,1] twice to flow ``[1,2,H,W]`` in pixels; sides are multiples of ``multiple``.
    weights_sha256: of the file, for the record; None for weights that ship.
    """

    def __init__(
        self,
        name: str,
        network: FlowNetwork,
        multiple: int,
        smallest: int = 1,
        weights_sha256: str | None = None,
    ) -> None:
        self.name = name
        self.weights_sha256 = weights_sha256
        self._network = network
        self._multiple = multiple
        self._smallest = smallest

    def __call__(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Flow:
        """See :class:`~mebench.motion.flow.FlowEstimator`. Grey frames are repeated to three channels."""
        height, width = first.shape[:2]
        rows, columns = (max(-(-side // self._multiple) * self._multiple, self._smallest) for side in (height, width))
        padding = (0, columns - width, 0, rows - height)
        pair = [functional.pad(_tensor(image), padding, mode="replicate") for image in (first, second)]
        with torch.no_grad():
            flow = self._network(*pair)[0, :, :height, :width]
        return np.asarray(flow.movedim(0, -1).contiguous().numpy(), dtype=np.float32)


def load_flow(name: str = "dis-fine") -> FlowEstimator:
    """The estimator called ``name`` (one of :data:`ESTIMATORS`, or the path of a ``.safetensors`` file of PWCLite of any
    width, which then gives its name).

    Raises :class:`ConfigError` for another name and :class:`~mebench.errors.MissingWeights` where a network's weights
    are not on this machine.
    """
    if name == "dis-fine":
        return DisFine()
    if name == "raft":
        return raft_flow(find("raft-large"))
    if name == "dis-steady":
        return DisSteady()
    own_file = Path(name).suffix == ".safetensors"
    if name in PWCLITE or own_file:
        path = Path(name) if own_file else find(PWCLITE[name])
        network = read_pwclite(path)
        return NetworkFlow(
            Path(name).stem,
            lambda a, b: network(torch.cat((a, b), 1)).forward[0],
            _PWC_MULTIPLE,
            weights_sha256=sha256_unless_shipped(path),
        )
    raise ConfigError(
        f"there is no flow estimator '{name}'; known: {', '.join(ESTIMATORS)}, or the path of a .safetensors file of "
        "PWCLite (mebench train flow pwclite-lite)."
    )


def raft_flow(path: Path, iterations: int = RAFT_ITERATIONS) -> NetworkFlow:
    """RAFT with the weights of a converted file: large or small, as its tensors say.

    Teed, Deng, "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow", ECCV 2020; torchvision's network.
    """
    run, size = raft_network(path, iterations)
    return NetworkFlow(f"raft-{size}", run, _RAFT_MULTIPLE, _RAFT_SMALLEST, sha256_unless_shipped(path))


def raft_network(path: Path, iterations: int) -> tuple[FlowNetwork, str]:
    """RAFT on tensors, with gradients to the images and none to its weights, and its size, ``large`` or ``small``."""
    tensors = load_file(path)
    network, size = _raft(tensors, path)
    network.load_state_dict(tensors)
    network.eval().requires_grad_(False)

    def run(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        flows: list[torch.Tensor] = network(first * 2.0 - 1.0, second * 2.0 - 1.0, num_flow_updates=iterations)
        return flows[-1]

    return run, size


def convert_raft(content: Any, path: Path | str = "the checkpoint") -> dict[str, torch.Tensor]:
    """The content of a file of torchvision as named tensors; :class:`CheckpointError` when it is another network."""
    if not isinstance(content, Mapping) or not content or not all(map(torch.is_tensor, content.values())):
        raise CheckpointError(f"{path} holds no named tensors; give torchvision's file of RAFT.")
    tensors = {str(name): tensor.detach().clone().contiguous() for name, tensor in content.items()}
    network, _ = _raft(tensors, path)
    expected = {name: tensor.shape for name, tensor in network.state_dict().items()}
    wrong = [name for name in {*expected, *tensors} if name not in tensors or tensors[name].shape != expected.get(name)]
    if wrong:
        raise CheckpointError(f"{path} does not fit RAFT: {', '.join(sorted(wrong)[:5])}; get the file again.")
    return tensors


def _raft(tensors: Mapping[str, torch.Tensor], path: Path | str) -> tuple[nn.Module, str]:
    from torchvision.models.optical_flow import raft_large, raft_small

    first = tensors.get("feature_encoder.convnormrelu.0.weight")
    if first is None:
        raise CheckpointError(f"{path} is no RAFT of torchvision: it holds no feature encoder.")
    # 64 channels in the first convolution of the large network, 32 in the small one.
    large = first.shape[0] == 64
    network: nn.Module = (raft_large if large else raft_small)(weights=None, progress=False)
    return network, "large" if large else "small"


def _tensor(image: NDArray[np.uint8]) -> torch.Tensor:
    colour = np.repeat(image[..., None], 3, axis=-1) if image.ndim == 2 else image
    return torch.from_numpy(np.ascontiguousarray(colour)).movedim(-1, 0)[None].float() / 255.0
