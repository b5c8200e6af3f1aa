"""Convolutions and linear layers with the two weight parametrisations of the published networks, and folding.

Spectral norm: Miyato et al., ICLR 2018. Weight standardisation: Qiao et al., arXiv 1903.10520. Both can be folded into
ordinary weights, because neither changes at inference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

STANDARD_EPS = 1e-5
"""Added to the standard deviation of a filter."""

_CONVOLUTIONS = {2: functional.conv2d, 3: functional.conv3d}
_PLAIN: dict[int, Any] = {2: nn.Conv2d, 3: nn.Conv3d}


class Reparametrised(nn.Module):
    """A convolution (dimensions 2 or 3) or linear layer (0) whose weight is computed from what is stored."""

    def __init__(self, dimensions: int, shape: Sequence[int], stride: int, padding: int, bias: bool) -> None:
        super().__init__()
        self.dimensions, self.stride, self.padding = dimensions, stride, padding
        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None

    def effective(self) -> torch.Tensor:
        """The weight that the layer applies."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.dimensions == 0:
            return functional.linear(x, self.effective(), self.bias)
        convolve = _CONVOLUTIONS[self.dimensions]
        return convolve(x, self.effective(), self.bias, stride=self.stride, padding=self.padding)

    def plain(self) -> nn.Module:
        """An ordinary layer that does the same."""
        weight = self.effective().detach()
        if self.dimensions == 0:
            layer: Any = nn.Linear(weight.shape[1], weight.shape[0], bias=self.bias is not None)
        else:
            layer = _PLAIN[self.dimensions](
                weight.shape[1],
                weight.shape[0],
                weight.shape[2],
                stride=self.stride,
                padding=self.padding,
                bias=self.bias is not None,
            )
        with torch.no_grad():
            layer.weight.copy_(weight)
            if self.bias is not None:
                layer.bias.copy_(self.bias)
        folded: nn.Module = layer
        return folded


class Spectral(Reparametrised):
    """``weight_orig / (u . M v)``, M the weight as a matrix (out, rest), with the stored u and v."""

    weight_u: torch.Tensor
    weight_v: torch.Tensor

    def __init__(
        self, dimensions: int, shape: Sequence[int], stride: int = 1, padding: int = 0, bias: bool = False
    ) -> None:
        super().__init__(dimensions, shape, stride, padding, bias)
        self.weight_orig = nn.Parameter(torch.empty(*shape))
        nn.init.kaiming_uniform_(self.weight_orig, a=math.sqrt(5))
        rest = math.prod(shape[1:])
        self.register_buffer("weight_u", functional.normalize(torch.ones(shape[0]), dim=0))
        self.register_buffer("weight_v", functional.normalize(torch.ones(rest), dim=0))

    def effective(self) -> torch.Tensor:
        matrix = self.weight_orig.flatten(1)
        return self.weight_orig / torch.dot(self.weight_u, matrix @ self.weight_v)


class Standardised(Reparametrised):
    """Each filter with mean 0 and (n-1) standard deviation 1, always with a bias, without a gain."""

    def __init__(self, dimensions: int, shape: Sequence[int], stride: int = 1, padding: int = 0) -> None:
        super().__init__(dimensions, shape, stride, padding, bias=True)
        self.weight = nn.Parameter(torch.empty(*shape))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def effective(self) -> torch.Tensor:
        flat = self.weight.flatten(1)
        centred = flat - flat.mean(1, keepdim=True)
        return (centred / (centred.std(1, keepdim=True) + STANDARD_EPS)).view_as(self.weight)


@dataclass(frozen=True)
class Style:
    """How layers are built. groups: of the group norms. published: with the parametrisations above, else plain."""

    groups: int = 32
    published: bool = True

    def conv(self, dimensions: int, inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> nn.Module:
        """Spectrally normalised, or plain; padded to keep the size."""
        if not self.published:
            return _plain(dimensions, inputs, outputs, kernel, bias)
        return Spectral(dimensions, (outputs, inputs, *(kernel,) * dimensions), padding=kernel // 2, bias=bias)

    def standard(self, dimensions: int, inputs: int, outputs: int, kernel: int) -> nn.Module:
        """Weight-standardised, or plain; with a bias, padded to keep the size."""
        if not self.published:
            return _plain(dimensions, inputs, outputs, kernel, True)
        return Standardised(dimensions, (outputs, inputs, *(kernel,) * dimensions), padding=kernel // 2)

    def norm(self, channels: int) -> nn.GroupNorm:
        return nn.GroupNorm(self.groups, channels)


PUBLISHED = Style()


def fold(network: nn.Module) -> nn.Module:
    """Replace every reparametrised layer inside ``network`` by an ordinary one that does the same; gives it back."""
    for name, child in network.named_children():
        if isinstance(child, Reparametrised):
            setattr(network, name, child.plain())
        else:
            fold(child)
    return network


def _plain(dimensions: int, inputs: int, outputs: int, kernel: int, bias: bool) -> nn.Module:
    layer: nn.Module = _PLAIN[dimensions](inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    return layer
