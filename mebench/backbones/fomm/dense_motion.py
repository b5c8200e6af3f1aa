"""From sparse to dense motion: candidate motions, one a key point, mixed by predicted masks (paper, section 3.2)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from mebench.backbones.fomm.blocks import Hourglass
from mebench.backbones.fomm.config import FommConfig
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.sampling import AntiAliasDownsample, coordinate_grid, gaussians, sample


class DenseMotion(NamedTuple):
    """deformation: ``[B,h,w,2]``, the position in the source of each output position. mask: ``[B,K+1,h,w]``, sums
    to 1. occlusion: ``[B,1,h,w]`` in [0,1] or None. sparse_deformed: ``[B,K+1,3,h,w]``, a warped source each."""

    deformation: torch.Tensor
    mask: torch.Tensor
    occlusion: torch.Tensor | None
    sparse_deformed: torch.Tensor


def heatmap_difference(driving: KeyPoints, source: KeyPoints, height: int, width: int, variance: float) -> torch.Tensor:
    """Gaussians of the driving minus the source points, a zero map for the background first: ``[B,K+1,h,w]``."""
    difference = gaussians(driving.value, height, width, variance) - gaussians(source.value, height, width, variance)
    return torch.cat((torch.zeros_like(difference[:, :1]), difference), dim=1)


def sparse_motions(driving: KeyPoints, source: KeyPoints, height: int, width: int) -> torch.Tensor:
    """Candidate backward maps ``[B,K+1,h,w,2]``: the identity, then ``T_k(z) = p_S + J_S J_D^-1 (z - p_D)`` (eq. 4)."""
    grid = coordinate_grid(height, width, driving.value)
    batch = len(driving.value)
    offset = grid - driving.value[:, :, None, None]
    if driving.jacobian is not None and source.jacobian is not None:
        matrix = source.jacobian @ torch.linalg.inv(driving.jacobian)
        offset = (offset.flatten(2, 3) @ matrix.mT).reshape(offset.shape)
    moved = offset + source.value[:, :, None, None]
    identity = grid.expand(batch, 1, height, width, 2)
    return torch.cat((identity, moved), dim=1)


def deform_by_each(image: torch.Tensor, motions: torch.Tensor, *, align_corners: bool) -> torch.Tensor:
    """The image ``[B,C,h,w]`` warped by every candidate ``[B,K+1,h,w,2]``: ``[B,K+1,C,h,w]``."""
    batch, candidates = motions.shape[:2]
    copies = image[:, None].expand(-1, candidates, -1, -1, -1).flatten(0, 1)
    warped = sample(copies, motions.flatten(0, 1), align_corners=align_corners)
    return warped.reshape(batch, candidates, *warped.shape[1:])


class DenseMotionNetwork(nn.Module):
    """Predicts which candidate motion holds where, and which parts of the output cannot be taken from the source."""

    def __init__(self, config: FommConfig, *, grid_align_corners: bool) -> None:
        super().__init__()
        params = config.generator_params.dense_motion_params
        self.align_corners = grid_align_corners
        self.kp_variance = params.kp_variance
        self.down = AntiAliasDownsample(config.num_channels, params.scale_factor) if params.scale_factor != 1 else None
        candidates = config.num_kp + 1
        self.hourglass = Hourglass(
            candidates * (config.num_channels + 1), params.block_expansion, params.num_blocks, params.max_features
        )
        self.mask = nn.Conv2d(self.hourglass.out_channels, candidates, 7, padding=3)
        self.occlusion: nn.Conv2d | None = None
        if config.generator_params.estimate_occlusion_map:
            self.occlusion = nn.Conv2d(self.hourglass.out_channels, 1, 7, padding=3)

    def reduce(self, source: torch.Tensor) -> torch.Tensor:
        """The source image at the resolution of the motion field: depends on the source alone."""
        reduced: torch.Tensor = source if self.down is None else self.down(source)
        return reduced

    def forward(self, reduced: torch.Tensor, driving: KeyPoints, source: KeyPoints) -> DenseMotion:
        """reduced: ``[B,3,h,w]`` of :meth:`reduce`; key points of as many items."""
        height, width = reduced.shape[-2:]
        heatmap = heatmap_difference(driving, source, height, width, self.kp_variance)
        motions = sparse_motions(driving, source, height, width)
        deformed = deform_by_each(reduced, motions, align_corners=self.align_corners)
        features = self.hourglass(torch.cat((heatmap[:, :, None], deformed), dim=2).flatten(1, 2))
        mask = torch.softmax(self.mask(features), dim=1)
        deformation = (mask[..., None] * motions).sum(1)
        occlusion = None if self.occlusion is None else torch.sigmoid(self.occlusion(features))
        return DenseMotion(deformation, mask, occlusion, deformed)
