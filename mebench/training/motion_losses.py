"""What the small backbones are trained on: exact motion of the rendered faces, and the image itself.

No pretrained network takes part. Units: displacement in pixels of the small image, images in [0,1].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

GRADIENT_SHARE = 2.0
"""Edges count twice as much as values in the image term."""


@dataclass(frozen=True)
class ExactMotion:
    """The true backward motion of a batch of pairs.

    displacement: ``[B,h,w,2]`` in small-image pixels at the driving positions ``where``; 0 on the background.
    where: ``[h,w,2]`` positions in small-image pixels.
    """

    displacement: torch.Tensor
    where: torch.Tensor


def motion_loss(predicted: torch.Tensor, truth: ExactMotion, weight: torch.Tensor) -> torch.Tensor:
    """Weighted mean absolute error (x and y averaged) of ``[B,2,S,S]`` against the exact motion, in pixels.

    weight: ``[1,1,S,S]``, mean 1.
    """
    at_truth = sample_pixels(torch.cat((predicted, weight.expand(len(predicted), -1, -1, -1)), 1), truth.where)
    error = (at_truth[:, :2] - truth.displacement.movedim(-1, 1)).abs().mean(1)
    return (error * at_truth[:, 2]).mean()


def point_loss(driving: torch.Tensor, source: torch.Tensor, truth: ExactMotion, size: int) -> torch.Tensor:
    """Mean absolute error in pixels of the key points' own displacement against the exact motion at their places.

    driving, source: ``[B,K,2]`` in [-1,1]. The places are those of the driving key points.
    """
    half = (size - 1) / 2
    here = (driving.detach() + 1) * half
    spacing = truth.where[0, 1, 0] - truth.where[0, 0, 0]
    cell = (here - truth.where[0, 0]) / spacing
    target = sample_pixels(truth.displacement.movedim(-1, 1), cell[:, :, None])[..., 0].mT
    moved = (source - driving) * half
    return (moved - target).abs().mean()


def image_loss(image: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Sum over scales 1, 1/2 and 1/4 (2x2 means) of weighted mean differences of values and of x and y edges."""
    total = image.new_zeros(())
    for scale in range(3):
        if scale:
            image, target, weight = (functional.avg_pool2d(tensor, 2) for tensor in (image, target, weight))
        error = image - target
        total = total + (error.abs() * weight).mean()
        across = (error[..., 1:] - error[..., :-1]).abs() * weight[..., 1:]
        down = (error[..., 1:, :] - error[..., :-1, :]).abs() * weight[..., 1:, :]
        total = total + GRADIENT_SHARE * (across.mean() + down.mean()) / 2
    return total


def sample_pixels(maps: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Bilinear samples of ``[B,C,H,W]`` at pixel positions ``[h,w,2]`` or ``[B,h,w,2]``, border repeated."""
    height, width = maps.shape[-2:]
    size = torch.tensor([width - 1, height - 1], dtype=maps.dtype)
    grid = where * (2 / size) - 1
    if grid.ndim == 3:
        grid = grid.expand(len(maps), -1, -1, -1)
    return functional.grid_sample(maps, grid, mode="bilinear", padding_mode="border", align_corners=True)


def unmirror_field(field: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
    """Motion fields ``[B,2,S,S]`` found on mirrored frames, put back into the frames as they were rendered."""
    sign = field.new_tensor([-1.0, 1.0])[:, None, None]
    return torch.where(mirrored[:, None, None, None], field.flip(-1) * sign, field)


def unmirror_points(points: torch.Tensor, mirrored: torch.Tensor) -> torch.Tensor:
    """Positions ``[B,K,2]`` in [-1,1] found on mirrored frames, put back into the frames as they were rendered."""
    return torch.where(mirrored[:, None, None], points * points.new_tensor([-1.0, 1.0]), points)
