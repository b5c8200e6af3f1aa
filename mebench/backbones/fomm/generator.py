"""The occlusion-aware generator (section 3.3 of the paper): encode the source, warp its features, paint the frame."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fomm.blocks import ConvBlock, DownBlock, ResidualBlock, UpBlock
from mebench.backbones.fomm.config import FommConfig
from mebench.backbones.fomm.dense_motion import DenseMotion, DenseMotionNetwork
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.sampling import sample


class EncodedSource(NamedTuple):
    """What of the generator depends on the source alone. image: ``[B,3,H,W]``; reduced: ``[B,3,h,w]`` at the motion
    field's resolution; features: ``[B,C,H/2^n,W/2^n]``."""

    image: torch.Tensor
    reduced: torch.Tensor
    features: torch.Tensor

    def expand(self, batch: int) -> EncodedSource:
        """The same source for every item of a batch (only one item is stored)."""
        return EncodedSource(*(tensor.expand(batch, -1, -1, -1) for tensor in self))


class Rendering(NamedTuple):
    """prediction: ``[B,3,H,W]`` in [0,1]. motion: the field that made it."""

    prediction: torch.Tensor
    motion: DenseMotion


class OcclusionAwareGenerator(nn.Module):
    """Source image and two sets of key points to a frame of the source in the driving pose."""

    def __init__(self, config: FommConfig, *, grid_align_corners: bool) -> None:
        super().__init__()
        params = config.generator_params
        width, most, downs = params.block_expansion, params.max_features, params.num_down_blocks
        widths = [min(most, width * 2**i) for i in range(downs + 1)]
        self.align_corners = grid_align_corners
        self.dense_motion_network = DenseMotionNetwork(config, grid_align_corners=grid_align_corners)
        self.first = ConvBlock(config.num_channels, width, 7)
        self.down_blocks = nn.ModuleList(DownBlock(widths[i], widths[i + 1]) for i in range(downs))
        self.bottleneck = nn.Sequential()
        for index in range(params.num_bottleneck_blocks):
            self.bottleneck.add_module(f"r{index}", ResidualBlock(widths[-1]))
        self.up_blocks = nn.ModuleList(UpBlock(widths[i + 1], widths[i]) for i in reversed(range(downs)))
        self.final = nn.Conv2d(width, config.num_channels, 7, padding=3)

    def encode(self, source: torch.Tensor) -> EncodedSource:
        """source: ``[B,3,H,W]`` in [0,1]."""
        features = self.first(source)
        for block in self.down_blocks:
            features = block(features)
        return EncodedSource(source, self.dense_motion_network.reduce(source), features)

    def render(self, encoded: EncodedSource, driving: KeyPoints, source: KeyPoints) -> Rendering:
        """The encoded source moved from its own key points to the driving ones."""
        motion: DenseMotion = self.dense_motion_network(encoded.reduced, driving, source)
        features = self._deform(encoded.features, motion.deformation)
        if motion.occlusion is not None:
            features = features * _resize(motion.occlusion, features.shape[-2:])
        features = self.bottleneck(features)
        for block in self.up_blocks:
            features = block(features)
        return Rendering(torch.sigmoid(self.final(features)), motion)

    def deform_source(self, encoded: EncodedSource, motion: DenseMotion) -> torch.Tensor:
        """The source image itself, warped by the motion field: ``[B,3,H,W]``."""
        return self._deform(encoded.image, motion.deformation)

    def _deform(self, tensor: torch.Tensor, deformation: torch.Tensor) -> torch.Tensor:
        field = _resize(deformation.movedim(-1, 1), tensor.shape[-2:]).movedim(1, -1)
        return sample(tensor, field, align_corners=self.align_corners)

    def forward(self, source: torch.Tensor, driving_points: KeyPoints, source_points: KeyPoints) -> Rendering:
        """:meth:`encode`, then :meth:`render`."""
        return self.render(self.encode(source), driving_points, source_points)


def _resize(field: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Bilinear, edges aligned (the framework's default since torch 0.4); a no-op at equal size."""
    if field.shape[-2:] == size:
        return field
    return functional.interpolate(field, size=tuple(size), mode="bilinear", align_corners=False)
