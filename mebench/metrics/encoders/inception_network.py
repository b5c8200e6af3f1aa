"""The Inception-v3 of the Frechet Inception distance, with the tensor names of the published PyTorch port.

It is torchvision's network with the pooling of the original TensorFlow graph: average pools that do not count their
padding, and a maximum pool in the last block (Heusel et al., NeurIPS 2017; port of the weights by M. Seitzer).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torchvision.models import inception

SIDE = 299
BLOCK_OF = {64: 0, 192: 1, 768: 2, 2048: 3}
"""Width of the features, and the block that they come from."""

_STEMS: Sequence[Sequence[str]] = (
    ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1"),
    ("Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
    ("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
)


def inception_features(network: nn.Module, images: torch.Tensor, width: int = 2048) -> torch.Tensor:
    """Pooled features ``[N,width]`` of images ``[N,3,H,W]`` in [0,1], RGB; resized bilinearly to 299 without antialias
    and scaled to [-1,1], as the published numbers were made."""
    x = functional.interpolate(images, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    x = 2.0 * x - 1.0
    for names in _STEMS[: BLOCK_OF[width] + 1]:
        for name in names:
            x = network.get_submodule(name)(x)
    return functional.adaptive_avg_pool2d(x, 1).flatten(1)


def fid_inception() -> nn.Module:
    """The network, untrained."""
    with torch.random.fork_rng(devices=[]):
        network: Any = inception.Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    for name, width in (("Mixed_5b", 192), ("Mixed_5c", 256), ("Mixed_5d", 288)):
        setattr(network, name, _BlockA(width, pool_features=32 if name == "Mixed_5b" else 64))
    for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        setattr(network, name, _BlockC(768, channels_7x7=width))
    network.Mixed_7b, network.Mixed_7c = _BlockE(1280, last=False), _BlockE(2048, last=True)
    module: nn.Module = network
    return module


def _average(x: torch.Tensor) -> torch.Tensor:
    return functional.avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)


class _BlockA(inception.InceptionA):  # type: ignore[misc]
    def _forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        wide = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return [self.branch1x1(x), wide, double, self.branch_pool(_average(x))]


class _BlockC(inception.InceptionC):  # type: ignore[misc]
    def _forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return [self.branch1x1(x), single, double, self.branch_pool(_average(x))]


class _BlockE(inception.InceptionE):  # type: ignore[misc]
    def __init__(self, width: int, *, last: bool) -> None:
        super().__init__(width)
        self._last = last

    def _forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        single = self.branch3x3_1(x)
        single = torch.cat((self.branch3x3_2a(single), self.branch3x3_2b(single)), dim=1)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        double = torch.cat((self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)), dim=1)
        pooled = functional.max_pool2d(x, kernel_size=3, stride=1, padding=1) if self._last else _average(x)
        return [self.branch1x1(x), single, double, self.branch_pool(pooled)]
