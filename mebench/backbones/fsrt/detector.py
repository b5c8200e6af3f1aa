"""FSRT's key points and expression vector.

The detector is FOMM's without jacobians, frozen. Its heatmap is not padded, so -1 is the centre of cell 3 of the
feature map and not the border of the image: key points never reach the border, and pixel positions do not share their
frame. The network only ever saw this convention.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from mebench.backbones.fomm.config import FommConfig
from mebench.backbones.fomm.keypoints import KeyPointDetector
from mebench.backbones.fomm.sampling import coordinate_grid
from mebench.backbones.fsrt.config import FsrtConfig


class Detected(NamedTuple):
    """points: ``[B,K,2]`` (x, y) in [-1,1]. features: ``[B,C,h,w]``. heatmap: ``[B,K,h-6,w-6]``, sums to 1."""

    points: torch.Tensor
    features: torch.Tensor
    heatmap: torch.Tensor


class FrozenDetector(KeyPointDetector):
    """FOMM's detector with ``estimate_jacobian: false``, which also gives what the expression encoder reads."""

    def __init__(self, config: FsrtConfig) -> None:
        super().__init__(FommConfig(num_kp=config.num_kp, estimate_jacobian=False, kp_detector_params=config.detector))

    def detect(self, image: torch.Tensor) -> Detected:
        """image: ``[B,3,H,W]`` in [0,1]."""
        features = self.features(image)
        logits: torch.Tensor = self.kp(features)
        height, width = logits.shape[-2:]
        heatmap = torch.softmax(logits.flatten(2) / self.temperature, dim=2)
        points = heatmap @ coordinate_grid(height, width, heatmap).reshape(-1, 2)
        return Detected(points, features, heatmap.reshape(*heatmap.shape[:2], height, width))


class ExpressionEncoder(nn.Module):
    """Features averaged under each key point's heatmap, then an MLP: one vector a face (section 3.2)."""

    def __init__(self, config: FsrtConfig) -> None:
        super().__init__()
        inputs = config.detector.block_expansion + 3
        self.num_kp = config.num_kp
        pooled = config.num_kp * config.expression.features_per_kp
        self.expression = nn.Conv2d(inputs, pooled, 7)
        self.expression_mlp = mlp(pooled, config.expression.hidden, config.expression_size)

    def forward(self, detected: Detected) -> torch.Tensor:
        """``[B,expression_size]``, not normalised."""
        maps = self.expression(detected.features)
        maps = maps.reshape(len(maps), self.num_kp, -1, *maps.shape[-2:])
        pooled = (maps * detected.heatmap[:, :, None]).sum((-2, -1))
        vector: torch.Tensor = self.expression_mlp(pooled.flatten(1))
        return vector


def mlp(inputs: int, hidden: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Linear layers with ReLU between them, none after the last; the linear ones have even numbers."""
    widths = (inputs, *hidden)
    layers: list[nn.Module] = []
    for before, after in zip(widths, hidden, strict=False):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], outputs))
