"""Off-ApexNet: two small convolutions on the flow from onset to apex.

Gan et al., "OFF-ApexNet on Micro-expression Recognition System", Signal Processing: Image Communication 74, 2019, in the
form of the MEB library, whose tensor names are kept.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Schedule

SIZE = 28


class OffApexNetwork(nn.Module):
    """float ``[N,2,28,28]`` (u, v) to logits ``[N,num_classes]``."""

    def __init__(self, num_classes: int = 12, dropout: float = 0.5, hidden: int = 1024) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 7 * 7, hidden)
        self.fc = nn.Linear(hidden, num_classes)
        self.dropout = dropout

    def forward(self, stack: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(functional.relu(self.conv1(stack)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2).flatten(1)
        x = functional.relu(self.fc1(functional.dropout(x, self.dropout, self.training)))
        return torch.as_tensor(self.fc(functional.dropout(x, self.dropout, self.training)))


def load() -> NetworkDetector:
    """As published, but for 300 epochs where the library trains 3000."""
    return NetworkDetector("off-apexnet", OffApexNetwork, FlowStack(SIZE, strain=None), Schedule(epochs=300, rate=1e-4))
