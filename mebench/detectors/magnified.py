"""Networks that read motion in the latent space of a learned magnifier, alone or beside flow."""

from __future__ import annotations

import torch
from torch import nn

from mebench.detectors.frame_inputs import ColourTriple
from mebench.detectors.infusion import latent_difference
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.resnet import feature_map, residual_network
from mebench.detectors.schedule import Schedule
from mebench.magnification.oh2018_network import ShapeOnly

SIZE = 112


class MagnifiedBranch(nn.Module):
    """Frames ``[N,3,S,S]`` in [-1,1] (onset, apex, pseudo-apex) to features ``[N,512]``: magnified latent differences,
    then the four stages of a ResNet18 (the magnification branch of InfuseNet without infusion)."""

    def __init__(self, amplification: float = 10.0) -> None:
        super().__init__()
        magnifier = ShapeOnly()
        self.encoder, self.manipulator = magnifier.encoder, magnifier.manipulator
        whole = residual_network("resnet18")
        self.pool = whole.get_submodule("maxpool")
        self.stages = nn.Sequential(*(whole.get_submodule(f"layer{stage}") for stage in range(1, 5)))
        self.amplification = amplification

    def forward(self, onset: torch.Tensor, apex: torch.Tensor, pseudo_apex: torch.Tensor) -> torch.Tensor:
        start, *ends = (self.encoder(frame) for frame in (onset, apex, pseudo_apex))
        latent = [latent_difference(self.manipulator, start, end, self.amplification) for end in ends]
        maps = self.stages(self.pool(torch.relu(torch.cat(latent, dim=1))))
        return torch.as_tensor(maps.mean(dim=(2, 3)))


class MagnifiedNetwork(nn.Module):
    """ResNet18 on the magnified input alone; takes the flow stack too and ignores it."""

    def __init__(self, num_classes: int = 12) -> None:
        super().__init__()
        self.branch = MagnifiedBranch()
        self.fc = nn.Linear(512, num_classes)

    def forward(self, flow: torch.Tensor, *frames: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.fc(self.branch(*frames)))


class LateFusionNetwork(nn.Module):
    """Two ResNet18, on the flow stack and on the magnified input; pooled features side by side, one linear layer."""

    def __init__(self, num_classes: int = 12) -> None:
        super().__init__()
        self.flow = residual_network("resnet18")
        self.flow.fc = nn.Identity()
        self.branch = MagnifiedBranch()
        self.fc = nn.Linear(2 * 512, num_classes)

    def forward(self, flow: torch.Tensor, *frames: torch.Tensor) -> torch.Tensor:
        pooled = feature_map(self.flow, flow).mean(dim=(2, 3))
        return torch.as_tensor(self.fc(torch.cat((pooled, self.branch(*frames)), dim=1)))


def load_resnet18() -> NetworkDetector:
    """ResNet18 on magnified input, random start."""
    return NetworkDetector("resnet18-magnified", MagnifiedNetwork, ColourTriple(SIZE), Schedule(epochs=50, rate=1e-4))


def load_late_fusion() -> NetworkDetector:
    """Late fusion of two ResNet18, random start."""
    return NetworkDetector("late-fusion", LateFusionNetwork, ColourTriple(SIZE), Schedule(epochs=50, rate=1e-4))
