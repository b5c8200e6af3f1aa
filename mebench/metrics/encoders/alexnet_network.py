"""AlexNet's convolutions, as LPIPS and the AlexNet encoder see pictures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

import mebench.weights
from mebench.clip import Pixels
from mebench.errors import CheckpointError, MissingWeights

ALEXNET = "alexnet_features.safetensors"

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""ImageNet's mean and deviation for pictures in [-1, 1] (Zhang et al., CVPR 2018, code version 0.1)."""


class AlexNetFeatures(nn.Module):
    """The five convolutions after their rectifiers: Krizhevsky, "One weird trick for parallelizing convolutional neural
    networks", 2014, with the names of torchvision's file."""

    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(SHIFT)[None, :, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE)[None, :, None, None], persistent=False)
        self.features = nn.ModuleDict(
            {
                "0": nn.Conv2d(3, 64, 11, stride=4, padding=2),
                "3": nn.Conv2d(64, 192, 5, padding=2),
                "6": nn.Conv2d(192, 384, 3, padding=1),
                "8": nn.Conv2d(384, 256, 3, padding=1),
                "10": nn.Conv2d(256, 256, 3, padding=1),
            }
        )
        self.pool = nn.MaxPool2d(3, stride=2)

    def forward(self, frames: torch.Tensor) -> list[torch.Tensor]:
        """frames: float32 ``[N,3,H,W]`` in [-1,1]. Gives 64, 192, 384, 256 and 256 maps."""
        maps = (frames - self.shift) / self.scale
        layers = []
        for name, convolution in self.features.items():
            if name in ("3", "6"):
                maps = self.pool(maps)
            maps = torch.relu(convolution(maps))
            layers.append(maps)
        return layers


def scaled(frames: Pixels) -> torch.Tensor:
    """uint8 ``[N,H,W,3]`` to float32 ``[N,3,H,W]`` in [-1,1]."""
    return torch.from_numpy(np.ascontiguousarray(frames)).movedim(-1, 1).float() / 127.5 - 1.0


def weights_file() -> Path:
    """Where the convolutions lie: inside the package."""
    path = Path(mebench.weights.__file__).parent / "files" / ALEXNET
    if not path.is_file():
        raise MissingWeights(f"{path} is missing; install mebench again, the file is part of it.")
    return path


@cache
def network() -> AlexNetFeatures:
    """The network with its weights; nothing random is drawn from the global generator."""
    from safetensors.torch import load_file

    path = weights_file()
    weights = load_file(path)
    with torch.random.fork_rng(devices=[]):
        built = AlexNetFeatures()
    if missing := sorted(built.state_dict().keys() - weights.keys()):
        raise CheckpointError(f"{path} is not the AlexNet file: it has no {', '.join(missing)}; install mebench again.")
    built.load_state_dict({name: weights[name] for name in built.state_dict()})
    return built.eval().requires_grad_(False)
