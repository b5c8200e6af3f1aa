"""A small FPB-FOMM: the small FOMM with 18 given points whose affine frames carry all motion.

Dense motion and painter are those of :mod:`mebench.backbones.fomm.lite`. The detector reads the prior map beside the
image, gathers its features around the given points, and moves none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fomm.blocks import Hourglass
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.lite import LiteConfig, LiteFomm
from mebench.backbones.fomm.sampling import coordinate_grid
from mebench.backbones.fpb_fomm.points import COUNT, SIZE, prior_map

_MID_GREY = 0.5


@dataclass(frozen=True)
class LiteFpbConfig(LiteConfig):
    """As the small FOMM, with the 18 points."""

    num_kp: int = COUNT


class LitePriorDetector(nn.Module):
    """Images ``[B,3,S,S]`` and points ``[B,18,2]`` (pixels of an image of 256) to affine frames at the points."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        self.predictor = Hourglass(3 * 4 + 1, config.detector_width, config.detector_blocks, config.max_features)
        self.kp = nn.Linear(self.predictor.out_channels, config.num_kp)
        self.jacobian = nn.Parameter(torch.zeros(config.num_kp, 4, self.predictor.out_channels))

    def forward(self, image: torch.Tensor, points: torch.Tensor) -> KeyPoints:
        """The points come back in [-1,1], -1 and +1 on the centres of the border pixels."""
        folded = functional.pixel_unshuffle(image - _MID_GREY, 2)
        prior = prior_map(points, SIZE, folded.shape[-1]).to(folded)
        maps = self.predictor(torch.cat((folded, prior), dim=1))
        features = maps.flatten(2)
        grid = coordinate_grid(maps.shape[-2], maps.shape[-1], maps).reshape(-1, 2)
        value = points * (2.0 / (SIZE - 1)) - 1.0
        near = (grid - value[:, :, None]).square().sum(-1) / (-2 * self.config.anchor_width**2)
        bound = self.config.logit_bound
        logits = (self.kp.weight @ features + self.kp.bias[:, None]) / self.config.temperature
        heatmap = torch.softmax(bound * torch.tanh(logits / bound) + near, dim=2)
        bend = torch.einsum("bkc,kjc->bkj", heatmap @ features.mT, self.jacobian)
        jacobian = torch.eye(2, dtype=bend.dtype, device=bend.device) + bend.reshape(*bend.shape[:2], 2, 2)
        return KeyPoints(value, jacobian)


class LiteFpb(LiteFomm):
    """Points and their frames, dense motion and painter in one module."""

    detector: LitePriorDetector  # type: ignore[assignment]

    def __init__(self, config: LiteConfig) -> None:
        super().__init__(config)
        self.detector = LitePriorDetector(config)
