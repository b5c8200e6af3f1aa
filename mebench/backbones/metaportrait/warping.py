"""The warping stage (paper, section 3.2): source and two landmark drawings to a motion field and an occlusion map."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fomm.sampling import coordinate_grid, sample
from mebench.backbones.metaportrait.blocks import (
    PlaneNorm,
    StyledDown,
    StyledUp,
    StyleNorm,
    StyleScale,
    maybe_spectral,
    resize_bilinear,
)
from mebench.backbones.metaportrait.config import DenseMotionConfig

LADDER_SIDE = 256
LADDER_WIDTHS = (64, 128, 256, 512, 512, 512)
"""The style encoder always sees 256 px, and its six layers halve them to 4 x 4."""

_SMALLEST_NORM = 1e-5
"""Added to the length of the style code before it is divided by it."""


class LadderEncoder(nn.Module):
    """Source and drawings ``[B,C,H,W]`` to the style code ``[B,z]`` of (almost) unit length."""

    def __init__(
        self,
        inputs: int,
        z_dim: int,
        *,
        spectral: bool,
        widths: tuple[int, ...] = LADDER_WIDTHS,
        side: int = LADDER_SIDE,
    ) -> None:
        super().__init__()
        self.side = side
        for index, (before, after) in enumerate(zip((inputs, *widths), widths, strict=False), 1):
            convolution = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
            layer = nn.Sequential(maybe_spectral(convolution, spectral), nn.InstanceNorm2d(after))
            self.add_module(f"layer{index}", layer)
        self.layers = len(widths)
        self.fc = nn.Linear(widths[-1] * (side >> len(widths)) ** 2, z_dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = resize_bilinear(x, (self.side, self.side))
        for index in range(1, self.layers + 1):
            x = functional.leaky_relu(self.get_submodule(f"layer{index}")(x), 0.2)
        code = self.fc(x.flatten(1))
        normalised: torch.Tensor = code / (code.norm(dim=1, keepdim=True) + _SMALLEST_NORM)
        return normalised


class _Encoder(nn.Module):
    def __init__(self, inputs: int, widths: list[int], style: int, norm: type[StyleScale]) -> None:
        super().__init__()
        pairs = zip([inputs, *widths], widths, strict=False)
        self.down_blocks = nn.ModuleList(StyledDown(before, after, style, norm) for before, after in pairs)

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> list[torch.Tensor]:
        outputs = [x]
        for block in self.down_blocks:
            outputs.append(block(outputs[-1], style))
        return outputs


class _Decoder(nn.Module):
    def __init__(self, params: DenseMotionConfig, norm: type[StyleScale]) -> None:
        super().__init__()
        width, most, blocks = params.block_expansion, params.max_features, params.num_blocks
        made = []
        for level in list(reversed(range(blocks)))[: blocks - params.dec_lease]:
            doubled = 1 if level == blocks - 1 else 2
            before, after = doubled * min(most, width * 2 ** (level + 1)), min(most, width * 2**level)
            made.append(StyledUp(before, after, params.AdaINc, norm))
        self.up_blocks = nn.ModuleList(made)

    def forward(self, skips: list[torch.Tensor], style: torch.Tensor) -> torch.Tensor:
        remaining = list(skips)
        x = remaining.pop()
        for block in self.up_blocks:
            x = torch.cat((block(x, style), remaining.pop()), dim=1)
        return x


class StyledHourglass(nn.Module):
    """Encoder and a decoder that stops early: ``[B,inputs,H,W]`` to ``[B,out_channels,H/2^lease,W/2^lease]``."""

    def __init__(self, inputs: int, params: DenseMotionConfig, norm: type[StyleScale] = StyleNorm) -> None:
        super().__init__()
        width, most, blocks = params.block_expansion, params.max_features, params.num_blocks
        widths = [min(most, width * 2 ** (level + 1)) for level in range(blocks)]
        self.encoder = _Encoder(inputs, widths, params.AdaINc, norm)
        self.decoder = _Decoder(params, norm)
        skip = inputs if params.dec_lease == 0 else widths[params.dec_lease - 1]
        self.out_channels = min(most, width * 2**params.dec_lease) + skip

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        decoded: torch.Tensor = self.decoder(self.encoder(x, style), style)
        return decoded


class Motion(NamedTuple):
    """flow: ``[B,2,h,w]`` in [-1,1] units. deformation: ``[B,h,w,2]``, the coordinate grid plus the flow. occlusion:
    ``[B,1,H,W]`` in [0,1] at the size of the image. features: ``[B,C,h,w]`` before the heads."""

    flow: torch.Tensor
    deformation: torch.Tensor
    occlusion: torch.Tensor
    features: torch.Tensor


class DenseMotionNetwork(nn.Module):
    """The motion field; its features are normalised by the style code."""

    def __init__(self, inputs: int, params: DenseMotionConfig) -> None:
        super().__init__()
        self.hourglass = StyledHourglass(inputs, params)
        channels = self.hourglass.out_channels
        self.reger = _head(channels, 2)
        self.occlusion_net = _head(channels, 1)

    def forward(self, x: torch.Tensor, style: torch.Tensor) -> Motion:
        """x: source and drawings ``[B,C,H,W]``; style: ``[B,z]``. The flow head counts in half pixels of its grid."""
        features = self.hourglass(x, style)
        height, width = features.shape[-2:]
        half = torch.tensor([2 / (width - 1), 2 / (height - 1)], dtype=x.dtype, device=x.device)
        flow = self.reger(features) * half[:, None, None]
        deformation = coordinate_grid(height, width, flow) + flow.movedim(1, -1)
        occlusion = resize_bilinear(torch.sigmoid(self.occlusion_net(features)), x.shape[-2:])
        return Motion(flow, deformation, occlusion, features)


def deform(x: torch.Tensor, deformation: torch.Tensor) -> torch.Tensor:
    """``[B,C,H,W]`` sampled where ``deformation`` ``[B,h,w,2]`` says, reflected at the border.

    As published: the field is built on a grid whose ends lie on the border pixels, and read with ends on their outer
    edges, so no motion enlarges the image by W/(W-1) about its centre.
    """
    field = resize_bilinear(deformation.movedim(-1, 1), x.shape[-2:]).movedim(1, -1)
    return sample(x, field, align_corners=False, padding="reflection")


def _head(channels: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(PlaneNorm(channels), nn.LeakyReLU(0.1), nn.Conv2d(channels, outputs, 7, padding=3))
