"""Residual networks on flow stacks or on magnified latent features.

He et al., "Deep Residual Learning for Image Recognition", CVPR 2016. ``resnet10t`` is the ten-layer network of the timm
library with a tiered stem and average-pooling shortcuts. Tensor names are those of torchvision and timm.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Schedule
from mebench.detectors.starts import published
from mebench.errors import ConfigError

SIZE = 112

LAYOUTS: dict[str, tuple[type, tuple[int, int, int, int]]] = {
    "resnet10t": (BasicBlock, (1, 1, 1, 1)),
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
}


def residual_network(name: str, num_classes: int = 12) -> nn.Module:
    """float ``[N,3,H,W]`` to logits ``[N,num_classes]``; names: :data:`LAYOUTS`."""
    if name not in LAYOUTS:
        raise ConfigError(f"there is no residual network '{name}'; known: {', '.join(LAYOUTS)}.")
    block, layers = LAYOUTS[name]
    network: nn.Module = ResNet(block, list(layers), num_classes=num_classes)
    if name == "resnet10t":
        network.conv1 = _tiered_stem()
        for stage, (width, wider) in enumerate(((64, 128), (128, 256), (256, 512)), 2):
            first = network.get_submodule(f"layer{stage}.0")
            first.downsample = nn.Sequential(
                nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False),
                nn.Conv2d(width, wider, 1, bias=False),
                nn.BatchNorm2d(wider),
            )
    return network


def stem(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """First convolution, normalisation and pooling: ``[N,3,H,W]`` to ``[N,64,H/4,W/4]``."""
    return torch.as_tensor(network.maxpool(network.relu(network.bn1(network.conv1(image)))))  # type: ignore[operator]


def feature_map(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """The map before global pooling: ``[N,3,H,W]`` to ``[N,C,H/32,W/32]``."""
    x = stem(network, image)
    for stage in range(1, 5):
        x = network.get_submodule(f"layer{stage}")(x)
    return x


def _tiered_stem() -> nn.Sequential:
    """Three 3x3 convolutions with 24, 32 and 64 filters in place of one 7x7."""
    return nn.Sequential(
        nn.Conv2d(3, 24, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(inplace=True),
        nn.Conv2d(24, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),
    )  # fmt: skip


def _loader(name: str) -> Callable[[], NetworkDetector]:
    def load() -> NetworkDetector:
        """As published: Adam at 1e-4, 50 epochs; from random weights unless an ImageNet start is given."""
        return NetworkDetector(
            name,
            partial(residual_network, name),
            FlowStack(SIZE),
            Schedule(epochs=50, rate=1e-4),
            start=published({"": name}),
        )

    return load


load_resnet10t = _loader("resnet10t")
load_resnet18 = _loader("resnet18")
load_resnet34 = _loader("resnet34")
load_resnet50 = _loader("resnet50")
