"""Coordinate grids, sampling at coordinates, and anti-aliased reduction."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def coordinate_grid(height: int, width: int, like: torch.Tensor) -> torch.Tensor:
    """Coordinates ``[H,W,2]`` (x, y): ``x_j = 2j/(W-1) - 1``, so -1 and +1 lie on the centres of the border pixels."""
    x = torch.arange(width, device=like.device, dtype=like.dtype) * (2.0 / (width - 1)) - 1.0
    y = torch.arange(height, device=like.device, dtype=like.dtype) * (2.0 / (height - 1)) - 1.0
    return torch.stack((x.expand(height, width), y[:, None].expand(height, width)), dim=-1)


def gaussians(points: torch.Tensor, height: int, width: int, variance: float) -> torch.Tensor:
    """``exp(-|z - p|^2 / (2 variance))`` on the coordinate grid: points ``[B,K,2]`` to ``[B,K,H,W]``."""
    offset = coordinate_grid(height, width, points) - points[:, :, None, None]
    return torch.exp(-0.5 * offset.square().sum(-1) / variance)


def sample(image: torch.Tensor, where: torch.Tensor, *, align_corners: bool, padding: str = "zeros") -> torch.Tensor:
    """Bilinear samples of ``[B,C,H,W]`` at coordinates ``[B,h,w,2]``: ``[B,C,h,w]``.

    align_corners: True puts -1 and +1 on the centres of the border pixels, as the coordinate grid does and as sampling
    worked when the published weights were trained; False puts them on the outer edges, the default of current
    frameworks, which enlarges an unmoved image by W/(W-1) about its centre.
    """
    return functional.grid_sample(image, where, mode="bilinear", padding_mode=padding, align_corners=align_corners)


class AntiAliasDownsample(nn.Module):
    """Gaussian blur, then every (1/scale)-th pixel from 0: sigma ``(1/scale - 1)/2``, kernel ``2 round(4 sigma) + 1``.

    The blur kernel is a stored buffer ``weight`` ``[C,1,k,k]``, as in the published checkpoints. 1/scale is an integer.
    """

    weight: torch.Tensor

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.step = round(1 / scale)
        sigma = (1 / scale - 1) / 2
        self.pad = round(4 * sigma)
        if sigma > 0:
            position = torch.arange(-self.pad, self.pad + 1, dtype=torch.float32)
            line = torch.exp(-position.square() / (2 * sigma**2))
            kernel = line[:, None] * line[None, :]
            kernel = kernel / kernel.sum()
        else:
            kernel = torch.ones(1, 1)
        self.register_buffer("weight", kernel.expand(channels, 1, *kernel.shape).clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,C,H,W]`` to ``[B,C,ceil(H*scale),ceil(W*scale)]``."""
        if self.step == 1:
            return x
        # A strided convolution computes exactly the pixels that are kept.
        return functional.conv2d(x, self.weight, stride=self.step, padding=self.pad, groups=x.shape[1])
