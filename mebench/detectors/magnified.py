"""Networks that read motion in the latent space of a learned magnifier, alone or beside flow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from mebench.detectors.frame_inputs import ColourTriple
from mebench.detectors.infusion import latent_difference
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.resnet import feature_map, residual_network
from mebench.detectors.schedule import Schedule
from mebench.detectors.starts import published
from mebench.magnification.oh2018_network import ShapeOnly

SIZE = 112

SCHEDULE = Schedule(epochs=50, rate=1e-4)


class MagnifiedBranch(nn.Module):
    """Frames ``[N,3,S,S]`` in [-1,1] (onset, apex, pseudo-apex) to features ``[N,512]`` (2048 for ResNet50): magnified latent differences,
    then the four stages of a residual network (for ResNet18 the magnification branch of InfuseNet without infusion)."""

    def __init__(self, name: str = "resnet18", amplification: float = 10.0) -> None:
        super().__init__()
        magnifier = ShapeOnly()
        self.encoder, self.manipulator = magnifier.encoder, magnifier.manipulator
        whole = residual_network(name)
        self.width = int(whole.get_submodule("fc").in_features)  # type: ignore[arg-type]
        self.pool = whole.get_submodule("maxpool")
        self.stages = nn.Sequential(*(whole.get_submodule(f"layer{stage}") for stage in range(1, 5)))
        self.amplification = amplification

    def latent(self, onset: torch.Tensor, apex: torch.Tensor, pseudo_apex: torch.Tensor) -> torch.Tensor:
        """Magnified differences onset to apex and onset to pseudo-apex, ``[N,64,S/2,S/2]``."""
        start, *ends = (self.encoder(frame) for frame in (onset, apex, pseudo_apex))
        return torch.cat([latent_difference(self.manipulator, start, end, self.amplification) for end in ends], dim=1)

    def features(self, latent: torch.Tensor) -> torch.Tensor:
        """Of magnified differences."""
        return torch.as_tensor(self.stages(self.pool(torch.relu(latent))).mean(dim=(2, 3)))

    def forward(self, onset: torch.Tensor, apex: torch.Tensor, pseudo_apex: torch.Tensor) -> torch.Tensor:
        return self.features(self.latent(onset, apex, pseudo_apex))


class MagnifiedNetwork(nn.Module):
    """A residual network on the magnified input alone; takes the flow stack too and ignores it."""

    def __init__(self, name: str = "resnet18", num_classes: int = 12) -> None:
        super().__init__()
        self.branch = MagnifiedBranch(name)
        self.fc = nn.Linear(self.branch.width, num_classes)

    def magnifier(self) -> MagnifiedBranch:
        """What may be fixed."""
        return self.branch

    def recognise(self, flow: torch.Tensor, latent: torch.Tensor) -> torch.Tensor:
        """Logits from magnified differences."""
        return torch.as_tensor(self.fc(self.branch.features(latent)))

    def forward(self, flow: torch.Tensor, *frames: torch.Tensor) -> torch.Tensor:
        return self.recognise(flow, self.branch.latent(*frames))


class LateFusionNetwork(nn.Module):
    """Two ResNet18, on the flow stack and on the magnified input; pooled features side by side, one linear layer."""

    def __init__(self, num_classes: int = 12) -> None:
        super().__init__()
        self.flow = residual_network("resnet18")
        self.flow.fc = nn.Identity()
        self.branch = MagnifiedBranch()
        self.fc = nn.Linear(2 * 512, num_classes)

    def magnifier(self) -> MagnifiedBranch:
        """What may be fixed."""
        return self.branch

    def recognise(self, flow: torch.Tensor, latent: torch.Tensor) -> torch.Tensor:
        """Logits from the flow stack and magnified differences."""
        pooled = feature_map(self.flow, flow).mean(dim=(2, 3))
        return torch.as_tensor(self.fc(torch.cat((pooled, self.branch.features(latent)), dim=1)))

    def forward(self, flow: torch.Tensor, *frames: torch.Tensor) -> torch.Tensor:
        return self.recognise(flow, self.branch.latent(*frames))


def _loader(name: str) -> Callable[[], NetworkDetector]:
    def load() -> NetworkDetector:
        """On magnified input: Adam at 1e-4, 50 epochs; from random weights unless a trained magnifier is given."""
        return NetworkDetector(
            f"{name}-magnified",
            partial(MagnifiedNetwork, name),
            ColourTriple(SIZE),
            SCHEDULE,
            start=published({f"branch.{part}": f"oh2018-infusenet/{part}" for part in ("encoder", "manipulator")}),
        )

    return load


load_resnet10t = _loader("resnet10t")
load_resnet18 = _loader("resnet18")
load_resnet34 = _loader("resnet34")
load_resnet50 = _loader("resnet50")


def load_late_fusion() -> NetworkDetector:
    """Late fusion of two ResNet18; from random weights unless a trained magnifier is given."""
    start = published({f"branch.{part}": f"oh2018-infusenet/{part}" for part in ("encoder", "manipulator")})
    return NetworkDetector("late-fusion", LateFusionNetwork, ColourTriple(SIZE), SCHEDULE, start=start)
