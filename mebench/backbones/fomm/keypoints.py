"""Key points with local affine frames, and the network that finds them (section 3.1 of the paper)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from mebench.backbones.fomm.blocks import Hourglass
from mebench.backbones.fomm.config import FommConfig
from mebench.backbones.fomm.sampling import AntiAliasDownsample, coordinate_grid


class KeyPoints(NamedTuple):
    """value: ``[B,K,2]`` (x, y) in [-1,1]. jacobian: ``[B,K,2,2]``, or None when it is not estimated."""

    value: torch.Tensor
    jacobian: torch.Tensor | None = None

    def expand(self, batch: int) -> KeyPoints:
        """The same key points for every item of a batch (only one item is stored)."""
        jacobian = None if self.jacobian is None else self.jacobian.expand(batch, -1, -1, -1)
        return KeyPoints(self.value.expand(batch, -1, -1), jacobian)

    def detach(self) -> KeyPoints:
        """The same numbers outside the graph."""
        return KeyPoints(self.value.detach(), None if self.jacobian is None else self.jacobian.detach())


class KeyPointDetector(nn.Module):
    """Image to key points: soft arg-max of one heatmap a point; jacobians are averaged under the same heatmap."""

    def __init__(self, config: FommConfig) -> None:
        super().__init__()
        params = config.kp_detector_params
        self.num_kp = config.num_kp
        self.temperature = params.temperature
        self.down = AntiAliasDownsample(config.num_channels, params.scale_factor) if params.scale_factor != 1 else None
        self.predictor = Hourglass(config.num_channels, params.block_expansion, params.num_blocks, params.max_features)
        self.kp = nn.Conv2d(self.predictor.out_channels, config.num_kp, 7)
        self.jacobian: nn.Conv2d | None = None
        if config.estimate_jacobian:
            self.jacobian_maps = 1 if params.single_jacobian_map else config.num_kp
            self.jacobian = nn.Conv2d(self.predictor.out_channels, 4 * self.jacobian_maps, 7)
            self._start_at_identity(self.jacobian)

    def _start_at_identity(self, head: nn.Conv2d) -> None:
        """A zero weight and the bias (1, 0, 0, 1): every jacobian starts as the identity."""
        assert head.bias is not None
        nn.init.zeros_(head.weight)
        with torch.no_grad():
            head.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 1.0]).repeat(self.jacobian_maps))

    def features(self, image: torch.Tensor) -> torch.Tensor:
        """The hourglass output on the reduced image: ``[B,3,H,W]`` to ``[B,C,h,w]``."""
        features: torch.Tensor = self.predictor(image if self.down is None else self.down(image))
        return features

    def forward(self, image: torch.Tensor) -> KeyPoints:
        """image: ``[B,3,H,W]`` in [0,1]. Coordinates refer to the heatmap's own corners, without padding correction."""
        features = self.features(image)
        logits: torch.Tensor = self.kp(features)
        batch, _, height, width = logits.shape
        heatmap = torch.softmax(logits.flatten(2) / self.temperature, dim=2)
        value = heatmap @ coordinate_grid(height, width, heatmap).reshape(-1, 2)
        if self.jacobian is None:
            return KeyPoints(value)
        maps = self.jacobian(features).reshape(batch, self.jacobian_maps, 4, -1)
        jacobian = (heatmap[:, :, None] * maps).sum(-1).reshape(batch, self.num_kp, 2, 2)
        return KeyPoints(value, jacobian)
