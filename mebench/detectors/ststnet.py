"""STSTNet: three parallel shallow streams on optical flow and strain.

Liong et al., "Shallow Triple Stream Three-dimensional CNN (STSTNet) for Micro-expression Recognition", FG 2019; tensor
names of the MEB library.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Schedule

SIZE = 28
STREAMS = (3, 5, 8)
"""Filters of the three streams."""


class StstNetwork(nn.Module):
    """float ``[N,in_channels,28,28]`` (u, v, strain) to logits ``[N,num_classes]``."""

    def __init__(self, num_classes: int = 12, in_channels: int = 3, dropout: float = 0.5) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3 = (nn.Conv2d(in_channels, width, 3, padding=2) for width in STREAMS)
        self.bn1, self.bn2, self.bn3 = (nn.BatchNorm2d(width) for width in STREAMS)
        self.fc = nn.Linear(sum(STREAMS) * 5 * 5, num_classes)
        self.dropout = dropout

    def forward(self, stack: torch.Tensor) -> torch.Tensor:
        streams = []
        for convolution, normalise in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
            x = functional.max_pool2d(normalise(functional.relu(convolution(stack))), 3, padding=1)
            streams.append(functional.dropout(x, self.dropout, self.training))
        pooled = functional.avg_pool2d(torch.cat(streams, dim=1), 2)
        return torch.as_tensor(self.fc(pooled.flatten(1)))


def load() -> NetworkDetector:
    """As published: Adam at 5e-5, 500 epochs."""
    return NetworkDetector("ststnet", StstNetwork, FlowStack(SIZE), Schedule(epochs=500, rate=5e-5))
