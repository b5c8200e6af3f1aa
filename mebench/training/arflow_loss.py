"""The unsupervised loss of ARFlow: photometric on visible pixels at four levels, smoothness at the finest.

L. Liu et al., "Learning by Analogy: Reliable Supervision from Transformations for Unsupervised Optical Flow
Estimation", CVPR 2020, arXiv 2003.13045. Images are float32 ``[B,3,H,W]`` in [0,1], flows ``[B,2,h,w]`` in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch.nn import functional

from mebench.motion.warp import pixel_grid, warp

_LEVELS = 4
_EDGE = 10.0
_LEAST_COVERAGE = 0.2
_GREY = (0.2989, 0.5870, 0.1140)


@dataclass(frozen=True)
class ArFlowLossConfig:
    """w_l1, w_ssim, w_census: photometric weights. occlusion: how hidden pixels are found. smooth_order: 1 or 2.

    The defaults are the first stage on Sintel; its second stage has w_l1 = w_ssim = 0, w_census = 1 and occlusion
    ``"consistency"``; on KITTI the smoothness has order 2 and weight 75.
    """

    w_l1: float = 0.15
    w_ssim: float = 0.85
    w_census: float = 0.0
    occlusion: Literal["coverage", "consistency"] = "coverage"
    w_smooth: float = 50.0
    smooth_order: Literal[1, 2] = 1


class ArFlowTerms(NamedTuple):
    """total = photometric + smoothness, the latter with its weight.

    visible: ``[B,1,H,W]``, 1 where a pixel of the first image is seen in both.
    """

    total: torch.Tensor
    photometric: torch.Tensor
    smoothness: torch.Tensor
    visible: torch.Tensor


def arflow_loss(
    first: torch.Tensor,
    second: torch.Tensor,
    forward: Sequence[torch.Tensor],
    backward: Sequence[torch.Tensor],
    config: ArFlowLossConfig | None = None,
) -> ArFlowTerms:
    """forward, backward: flows of all levels, finest (full resolution) first. Both directions are averaged."""
    config = config or ArFlowLossConfig()
    pairs = ((first, second, forward, backward), (second, first, backward, forward))
    photometric, smoothness, masks = [], [], []
    for own, other, flows, opposite in pairs:
        with torch.no_grad():
            visible = _visible(flows[0], opposite[0], config.occlusion)
        masks.append(visible)
        levels = [_photometric_level(own, other, flow, visible, config) for flow in flows[:_LEVELS]]
        photometric.append(torch.stack(levels).sum())
        smoothness.append(smoothness_term(flows[0] / min(flows[0].shape[-2:]), own, config.smooth_order))
    mean_photometric = torch.stack(photometric).mean()
    mean_smoothness = config.w_smooth * torch.stack(smoothness).mean()
    return ArFlowTerms(mean_photometric + mean_smoothness, mean_photometric, mean_smoothness, masks[0])


def _photometric_level(
    own: torch.Tensor, other: torch.Tensor, flow: torch.Tensor, visible: torch.Tensor, config: ArFlowLossConfig
) -> torch.Tensor:
    size = flow.shape[-2:]
    own, other = (functional.interpolate(image, size=size, mode="area") for image in (own, other))
    mask = functional.interpolate(visible, size=size, mode="nearest")
    moved = warp(other, flow)
    total = flow.new_zeros(())
    if config.w_l1 > 0:
        total = total + config.w_l1 * ((own - moved).abs() * mask).mean()
    if config.w_ssim > 0:
        total = total + config.w_ssim * ssim_distance(moved * mask, own * mask).mean()
    if config.w_census > 0:
        total = total + config.w_census * census_distance(moved * mask, own * mask).mean()
    return total / mask.mean()


def ssim_distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """``(1 - SSIM) / 2`` clipped to [0,1], with means over 3x3 windows without padding: ``[B,C,H-2,W-2]``."""
    stable, contrast = 0.01**2, 0.03**2
    mean_a, mean_b = (functional.avg_pool2d(image, 3, 1) for image in (a, b))
    variance_a = functional.avg_pool2d(a * a, 3, 1) - mean_a**2
    variance_b = functional.avg_pool2d(b * b, 3, 1) - mean_b**2
    covariance = functional.avg_pool2d(a * b, 3, 1) - mean_a * mean_b
    above = (2 * mean_a * mean_b + stable) * (2 * covariance + contrast)
    below = (mean_a**2 + mean_b**2 + stable) * (variance_a + variance_b + contrast)
    return ((1 - above / below) / 2).clamp(0, 1)


def census_distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Soft Hamming distance of ternary census transforms over 3x3 neighbours: ``[B,1,H,W]``, zero on the border."""
    squared = (_census(a) - _census(b)) ** 2
    distance = (squared / (0.1 + squared)).mean(dim=1, keepdim=True)
    inside = torch.zeros_like(distance)
    inside[..., 1:-1, 1:-1] = 1.0
    return distance * inside


def _census(image: torch.Tensor) -> torch.Tensor:
    weights = image.new_tensor(_GREY).view(1, 3, 1, 1)
    grey = (image * weights).sum(dim=1, keepdim=True) * 255.0
    neighbours = functional.unfold(grey, 3, padding=1).reshape(-1, 9, *grey.shape[-2:])
    difference = neighbours - grey
    return difference / torch.sqrt(0.81 + difference**2)


def smoothness_term(flow: torch.Tensor, image: torch.Tensor, order: Literal[1, 2] = 1) -> torch.Tensor:
    """Edge-aware smoothness: differences of the flow weighted by ``exp(-10 mean_c |dI|)``, averaged over both axes."""
    terms = []
    for axis in (-1, -2):
        weight = torch.exp(-_EDGE * torch.diff(image, dim=axis).abs().mean(dim=1, keepdim=True))
        change = torch.diff(flow, dim=axis)
        if order == 1:
            terms.append((weight * change.abs()).mean() / 2)
        else:
            shifted = weight.narrow(axis, 1, weight.shape[axis] - 1)
            terms.append((shifted * torch.diff(change, dim=axis).abs()).mean())
    return torch.stack(terms).sum() / 2


def _visible(flow: torch.Tensor, opposite: torch.Tensor, kind: Literal["coverage", "consistency"]) -> torch.Tensor:
    hidden = _uncovered(opposite) if kind == "coverage" else _inconsistent(flow, opposite)
    return 1.0 - hidden.to(flow.dtype)


def _inconsistent(flow: torch.Tensor, opposite: torch.Tensor) -> torch.Tensor:
    back = warp(opposite, flow, padding="zeros")
    bound = 0.01 * (flow.square() + back.square()).sum(dim=1, keepdim=True) + 0.5
    return (flow + back).square().sum(dim=1, keepdim=True) > bound


def _uncovered(opposite: torch.Tensor) -> torch.Tensor:
    """Where too little arrives when every pixel of the other image is moved by the opposite flow."""
    batch, _, height, width = opposite.shape
    position = pixel_grid(height, width, opposite) + opposite
    corner = position.floor()
    part = position - corner
    arrived = opposite.new_zeros((batch, height * width))
    for right in (0, 1):
        for below in (0, 1):
            x, y = (corner[:, 0] + right).long(), (corner[:, 1] + below).long()
            weight = (part[:, 0] if right else 1 - part[:, 0]) * (part[:, 1] if below else 1 - part[:, 1])
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            index = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
            arrived.scatter_add_(1, index.flatten(1), (weight * inside).flatten(1))
    return arrived.clamp(0, 1).reshape(batch, 1, height, width) < _LEAST_COVERAGE
