"""FlowMag's generator: a U-Net that paints the magnified frame from two frames and an encoded factor.

Z. Pan, D. Geng, A. Owens, "Self-Supervised Motion Magnification by Backpropagating Through Optical Flow", NeurIPS
2023, arXiv 2311.17056. Written from tables of tensor names and shapes; published checkpoints load by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

PI = 3.141592
"""The published code's truncated pi: at alpha 16 and the shortest wavelength the phase differs by 1.7e-4 from exact."""


@dataclass(frozen=True)
class FlowMagConfig:
    """The published configuration. ndf: channels at full resolution. pos_dim: planes that encode the factor.

    alpha_low, alpha_high: the factors of training; they do not change the network.
    """

    num_frames: int = 2
    num_layers: int = 5
    ndf: int = 64
    pos_dim: int = 32
    alpha_low: float = 1.0
    alpha_high: float = 16.0


def encode_factor(alpha: torch.Tensor, planes: int = 32) -> torch.Tensor:
    """``sin(2 pi alpha / lambda_k)``, wavelengths geometric from 1/8 to 128: ``[...]`` to ``[...,planes]``."""
    exponent = torch.linspace(-3.0, 7.0, planes, dtype=torch.float64, device=alpha.device)
    phase = 2.0 * PI * alpha.to(torch.float64)[..., None] / 2.0**exponent
    return torch.sin(phase).to(torch.float32)


class DoubleConv(nn.Module):
    """Twice: 3x3 convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, inner: int | None = None) -> None:
        super().__init__()
        inner = outputs if inner is None else inner
        self.double_conv = nn.Sequential(
            nn.Conv2d(inputs, inner, 3, padding=1),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,H,W]``."""
        result: torch.Tensor = self.double_conv(x)
        return result


class Down(nn.Module):
    """2x2 max pooling, then :class:`DoubleConv`."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inputs, outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,H//2,W//2]``."""
        result: torch.Tensor = self.maxpool_conv(x)
        return result


class Up(nn.Module):
    """Bilinear enlargement by 2, zero-padded to the skip's size and concatenated behind it, :class:`DoubleConv`."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = DoubleConv(inputs, outputs, inputs // 2)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """``[B,C,h,w]`` and the skip ``[B,C',H,W]``, H about 2 h, to ``[B,outputs,H,W]``."""
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        rows, columns = skip.shape[-2] - x.shape[-2], skip.shape[-1] - x.shape[-1]
        x = functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        result: torch.Tensor = self.conv(torch.cat((skip, x), dim=1))
        return result


class Last(nn.Module):
    """A 1x1 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,H,W]``."""
        result: torch.Tensor = self.conv(x)
        return result


class UNet(nn.Module):
    """The U-Net with ``num_layers`` resolutions; widths double downwards, the deepest keeps the width above it."""

    def __init__(self, config: FlowMagConfig) -> None:
        super().__init__()
        layers, width = config.num_layers, config.ndf
        self.down_layers = nn.ModuleList([DoubleConv(3 * config.num_frames + config.pos_dim, width)])
        for level in range(1, layers):
            outputs = width * 2**level
            self.down_layers.append(Down(outputs // 2, outputs if level < layers - 1 else outputs // 2))
        self.up_layers = nn.ModuleList()
        for stage in range(layers - 1):
            inputs = width * 2 ** (layers - 1 - stage)
            self.up_layers.append(Up(inputs, inputs // 4 if stage < layers - 2 else inputs // 2))
        self.up_layers.append(Last(width, 3 * (config.num_frames - 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,3 num_frames + pos_dim,H,W]`` to ``[B,3 (num_frames - 1),H,W]`` in (0,1); H, W >= 2^(num_layers - 1)."""
        skips = []
        for down in self.down_layers:
            x = down(x)
            skips.append(x)
        skips.pop()
        for up in self.up_layers[:-1]:
            x = up(x, skips.pop())
        return torch.sigmoid(self.up_layers[-1](x))


class FlowMag(nn.Module):
    """The generator with its factor encoding; state names are those of a published checkpoint without ``module.``."""

    def __init__(self, config: FlowMagConfig | None = None) -> None:
        super().__init__()
        self.config = config or FlowMagConfig()
        self.generator = UNet(self.config)

    def forward(self, frames: torch.Tensor, alpha: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Magnify the motion between the first frame and the others.

        frames: float32 ``[B,3,num_frames,H,W]`` in [0,1], RGB, time index 0 the reference. alpha: ``[B]``, or maps
        ``[B,H,W]``, encoded pixel by pixel.
        mask: ``[H,W]`` or ``[B,H,W]`` in [0,1]; where it is 0 the factor is 1. In between, the published model
        interpolates the *encodings* of alpha and 1, not the factor.
        Gives float32 ``[B,3,num_frames - 1,H,W]`` in (0,1): the network paints the whole frame.
        """
        height, width = frames.shape[-2:]
        # Colour-major: R0, R1, G0, G1, B0, B1.
        flat = frames.flatten(1, 2)
        code = encode_factor(alpha if alpha.ndim == 3 else alpha[:, None, None], self.config.pos_dim).movedim(-1, 1)
        code = code.expand(-1, -1, height, width)
        if mask is not None:
            kept = mask if mask.ndim == 3 else mask[None]
            neutral = encode_factor(torch.ones(1), self.config.pos_dim)[:, :, None, None]
            code = kept[:, None] * code + (1.0 - kept[:, None]) * neutral
        painted: torch.Tensor = self.generator(torch.cat((flat, code.to(flat.dtype)), dim=1))
        return painted.reshape(-1, 3, self.config.num_frames - 1, height, width)
