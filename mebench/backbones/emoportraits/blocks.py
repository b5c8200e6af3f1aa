"""The residual block of all networks, in two and three dimensions, plain and with adaptive norms."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.emoportraits.layers import PUBLISHED, Style

Sampling = Literal["none", "down", "up"]


class AdaptiveGroupNorm(nn.GroupNorm):
    """Group norm whose stored affine acts twice: ``(n(x) w + b)(w + dw) + (b + db)``.

    The published weights were trained so, and the second factor is what the expression moves.
    """

    def forward(self, x: torch.Tensor, shift: torch.Tensor | None = None) -> torch.Tensor:
        """shift: ``[B,C,2]``, dw and db of every channel."""
        assert shift is not None
        places = (..., *(None,) * (x.ndim - 2))
        scale = (self.weight + shift[..., 0])[places]
        offset = (self.bias + shift[..., 1])[places]
        return super().forward(x) * scale + offset


class ResidualBlock(nn.Module):
    """Norm, ReLU, 3-conv, norm, ReLU, 3-conv, added to the (1-conv of the) input.

    down: both branches are averaged over 2x2 after their convolutions. up: the input is doubled by nearest neighbour
    first. Only in two dimensions.
    """

    def __init__(
        self,
        dimensions: int,
        inputs: int,
        outputs: int,
        *,
        sampling: Sampling = "none",
        adaptive: bool = False,
        style: Style = PUBLISHED,
    ) -> None:
        super().__init__()
        self.sampling, self.adaptive = sampling, adaptive
        norm: Any = (lambda channels: AdaptiveGroupNorm(style.groups, channels)) if adaptive else style.norm
        # The first convolution is standardised where a plain norm precedes it in 2D, or an adaptive one in 3D.
        make: Any = style.standard if (dimensions == 2) != adaptive else style.conv
        self.block_feats = nn.Sequential(
            norm(inputs),
            nn.ReLU(),
            make(dimensions, inputs, outputs, 3),
            norm(outputs),
            nn.ReLU(),
        )
        pool: list[nn.Module] = [nn.AvgPool2d(2)] if sampling == "down" else []
        self.block = nn.Sequential(style.conv(dimensions, outputs, outputs, 3), *pool)
        match: list[nn.Module] = [style.conv(dimensions, inputs, outputs, 1)] if inputs != outputs else []
        self.skip = nn.Sequential(*match, *pool)

    def forward(self, x: torch.Tensor, shifts: tuple[torch.Tensor, torch.Tensor] | None = None) -> torch.Tensor:
        """shifts: of the two adaptive norms, ``[B,inputs,2]`` and ``[B,outputs,2]``."""
        if self.sampling == "up":
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        if shifts is None:
            features = self.block_feats(x)
        else:
            first, relu, conv, second, _ = self.block_feats
            features = relu(second(conv(relu(first(x, shifts[0]))), shifts[1]))
        result: torch.Tensor = self.block(features) + self.skip(x)
        return result
