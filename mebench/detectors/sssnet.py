"""SSSNet: a shallow network on optical flow and strain.

Varanka et al., "Data Leakage and Evaluation Issues in Micro-Expression Analysis", IEEE Trans. Affective Computing 2023,
and its MEB library, whose tensor names are kept.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Schedule

SIZE = 64


class SssNetwork(nn.Module):
    """float ``[N,3,64,64]`` (u, v, strain) to logits ``[N,num_classes]``.

    h_dims: filters of the two convolutions and width of the hidden layer. Pooling stands before batch normalisation.
    """

    def __init__(
        self, num_classes: int = 12, h_dims: tuple[int, ...] = (32, 64, 256), dropout: float = 0.5, in_channels: int = 3
    ) -> None:
        super().__init__()
        first, second, hidden = h_dims
        self.conv1 = nn.Conv2d(in_channels, first, 5)
        self.bn1 = nn.BatchNorm2d(first)
        self.conv2 = nn.Conv2d(first, second, 3)
        self.bn2 = nn.BatchNorm2d(second)
        self.fc1 = nn.Linear(second * 9 * 9, hidden)
        self.fc = nn.Linear(hidden, num_classes)
        self.dropout = dropout

    def forward(self, stack: torch.Tensor) -> torch.Tensor:
        x = self.bn1(functional.max_pool2d(functional.relu(self.conv1(stack)), 3))
        x = functional.dropout2d(x, self.dropout, self.training)
        x = self.bn2(functional.max_pool2d(functional.relu(self.conv2(x)), 2))
        x = functional.dropout2d(x, self.dropout, self.training).flatten(1)
        x = functional.dropout(functional.relu(self.fc1(x)), self.dropout, self.training)
        return torch.as_tensor(self.fc(x))


def load() -> NetworkDetector:
    """As published: each channel stretched to [0,1], Adam at 1e-4, 200 epochs."""
    return NetworkDetector("sssnet", SssNetwork, FlowStack(SIZE), Schedule(epochs=200, rate=1e-4))
