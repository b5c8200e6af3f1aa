"""The building blocks of both stages, with the tensor names of the published checkpoints."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

STYLE_HIDDEN = 128
"""Width of the layer between a style code, or a guiding map, and the scale and shift that it gives."""


class StyleScale(nn.Module):
    """Scale and shift that come from a style code: ``x (1 + gamma(h)) + beta(h)``, h = ReLU(W z + b)."""

    HIDDEN = 32

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Linear(style, self.HIDDEN), nn.ReLU())
        self.mlp_gamma = nn.Linear(self.HIDDEN, channels)
        self.mlp_beta = nn.Linear(self.HIDDEN, channels)

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """x: ``[B,channels,H,W]``; style: ``[B,style]``."""
        inner = self.mlp_shared(style)
        gamma, beta = self.mlp_gamma(inner)[..., None, None], self.mlp_beta(inner)[..., None, None]
        scaled: torch.Tensor = x * (1 + gamma) + beta
        return scaled


class StyleNorm(StyleScale):
    """:class:`StyleScale` after instance norm: the published form."""

    HIDDEN = STYLE_HIDDEN

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return super().forward(functional.instance_norm(x), style)


class StyledConv(nn.Module):
    """3x3 convolution, :class:`StyleNorm` (or another), ReLU."""

    def __init__(self, inputs: int, outputs: int, style: int, norm: type[StyleScale] = StyleNorm) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = norm(outputs, style)

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,H,W]``."""
        return functional.relu(self.norm(self.conv(x), style))


class StyledDown(StyledConv):
    """:class:`StyledConv`, 2x2 average pooling, and one more at the smaller size."""

    def __init__(self, inputs: int, outputs: int, style: int, norm: type[StyleScale] = StyleNorm) -> None:
        super().__init__(inputs, outputs, style, norm)
        self.SameBlock2d = StyledConv(outputs, outputs, style, norm)

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,H/2,W/2]``."""
        pooled = functional.avg_pool2d(super().forward(x, style), 2)
        same: torch.Tensor = self.SameBlock2d(pooled, style)
        return same


class StyledUp(StyledConv):
    """Nearest enlargement by 2, :class:`StyledConv`, and one more."""

    def __init__(self, inputs: int, outputs: int, style: int, norm: type[StyleScale] = StyleNorm) -> None:
        super().__init__(inputs, outputs, style, norm)
        self.SameBlock2d = StyledConv(outputs, outputs, style, norm)

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,2H,2W]``."""
        enlarged = functional.interpolate(x, scale_factor=2, mode="nearest")
        same: torch.Tensor = self.SameBlock2d(super().forward(enlarged, style), style)
        return same


class NormedConv(nn.Module):
    """3x3 convolution, instance norm with scale and shift, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.InstanceNorm2d(outputs, affine=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,H,W]``."""
        return functional.relu(self.norm(self.conv(x)))


class NormedDown(NormedConv):
    """:class:`NormedConv`, then 2x2 average pooling."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled: torch.Tensor = functional.avg_pool2d(super().forward(x), 2)
        return pooled


class NormedUp(NormedConv):
    """Nearest enlargement by 2, then :class:`NormedConv`."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(functional.interpolate(x, scale_factor=2, mode="nearest"))


class PlaneNorm(nn.Module):
    """Layer norm over channels and positions together; one scale and shift a channel, ``[C,1,1]``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,C,H,W]`` to the same shape."""
        return functional.layer_norm(x, x.shape[1:]) * self.weight + self.bias


def maybe_spectral(layer: nn.Module, spectral: bool) -> nn.Module:
    """The layer with spectral norm, in the form whose tensors are called ``weight_orig``, ``weight_u``, ``weight_v``."""
    return nn.utils.spectral_norm(layer) if spectral else layer


def resize_bilinear(x: torch.Tensor, size: torch.Size | tuple[int, ...]) -> torch.Tensor:
    """``[B,C,H,W]`` to ``size``, bilinear, edges aligned, no low-pass; a no-op at equal size."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return functional.interpolate(x, size=tuple(size), mode="bilinear", align_corners=False)
