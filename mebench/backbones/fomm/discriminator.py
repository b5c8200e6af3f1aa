"""The patch discriminator of FOMM's adversarial training; both published variants (it takes no part in animation)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fomm.config import FommConfig
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.sampling import gaussians


class Judgement(NamedTuple):
    """features: the output of every block, first to last. prediction: ``[B,1,h,w]``, about 1 for real frames."""

    features: list[torch.Tensor]
    prediction: torch.Tensor


class PatchBlock(nn.Module):
    """4x4 convolution without padding, instance norm (optional), leaky ReLU .2, 2x2 average pooling (optional)."""

    def __init__(self, inputs: int, outputs: int, *, norm: bool, spectral: bool, pool: bool) -> None:
        super().__init__()
        self.conv = _maybe_spectral(nn.Conv2d(inputs, outputs, 4), spectral)
        self.norm = nn.InstanceNorm2d(outputs, affine=True) if norm else None
        self.pool = pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        if self.norm is not None:
            x = self.norm(x)
        x = functional.leaky_relu(x, 0.2)
        return functional.avg_pool2d(x, 2) if self.pool else x


class PatchDiscriminator(nn.Module):
    """One scale. With ``use_kp`` the gaussians of the driving key points are further input channels."""

    def __init__(self, config: FommConfig) -> None:
        super().__init__()
        params = config.discriminator_params
        inputs = config.num_channels + (config.num_kp if params.use_kp else 0)
        widths = [inputs] + [
            min(params.max_features, params.block_expansion * 2 ** (i + 1)) for i in range(params.num_blocks)
        ]
        self.use_kp = params.use_kp
        self.kp_variance = params.kp_variance
        self.down_blocks = nn.ModuleList(
            PatchBlock(widths[i], widths[i + 1], norm=i != 0, spectral=params.sn, pool=i != params.num_blocks - 1)
            for i in range(params.num_blocks)
        )
        self.conv = _maybe_spectral(nn.Conv2d(widths[-1], 1, 1), params.sn)

    def forward(self, image: torch.Tensor, points: KeyPoints | None = None) -> Judgement:
        """image: ``[B,3,H,W]``; points: the driving key points, needed only with ``use_kp``."""
        if self.use_kp:
            if points is None:
                raise ValueError("this discriminator needs the driving key points")
            maps = gaussians(points.value, image.shape[-2], image.shape[-1], self.kp_variance)
            image = torch.cat((image, maps), dim=1)
        features = []
        x = image
        for block in self.down_blocks:
            x = block(x)
            features.append(x)
        return Judgement(features, self.conv(x))


class MultiScaleDiscriminator(nn.Module):
    """One :class:`PatchDiscriminator` a scale of the image pyramid, named ``discs.<scale with . replaced by ->``."""

    def __init__(self, config: FommConfig) -> None:
        super().__init__()
        self.scales = config.discriminator_params.scales
        self.discs = nn.ModuleDict({scale_name(scale): PatchDiscriminator(config) for scale in self.scales})

    def forward(self, pyramid: dict[float, torch.Tensor], points: KeyPoints | None = None) -> dict[float, Judgement]:
        """pyramid: one image batch a scale. Gives one judgement a scale."""
        return {scale: self.discs[scale_name(scale)](pyramid[scale], points) for scale in self.scales}


def scale_name(scale: float) -> str:
    """The name of a scale inside tensor names: 1 is ``1``, 0.5 is ``0-5``."""
    return f"{scale:g}".replace(".", "-")


def _maybe_spectral(layer: nn.Conv2d, spectral: bool) -> nn.Module:
    return nn.utils.spectral_norm(layer) if spectral else layer
