"""InfuseNet: a flow branch whose feature maps gate a branch on magnified latent features, layer by layer.

The residual-network form follows the published design (InfuseNet, SCIA 2025), whose tensor names are kept. Its minimum
and maximum run over the whole batch, so that a prediction depends on its companions; ``norm="batch"`` does that, the
default ``norm="sample"`` does not. How the paper's ViT-Tiny form infuses is not public: that form is ours.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from mebench.detectors.frame_inputs import ColourTriple
from mebench.detectors.infusion import Norm, attention, latent_difference
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.resnet import residual_network
from mebench.detectors.schedule import Schedule
from mebench.detectors.starts import published
from mebench.detectors.vit_tiny import VisionTransformer
from mebench.magnification.oh2018_network import ShapeOnly

SIZE = 224
LATENT = 64
"""Two magnified differences of 32 channels."""


class Magnifier(NamedTuple):
    """The parts of a network that make magnified differences."""

    encoder: nn.Module
    manipulator: nn.Module
    amplification: float


class InfuseNetwork(nn.Module):
    """Flow ``[N,3,S,S]`` and onset, apex, pseudo-apex frames ``[N,3,S,S]`` in [-1,1] to (flow logits, prediction).

    S: a multiple of 32. One linear layer serves both branches. The first convolution and normalisation of the
    magnification branch, and the decoder, exist in published checkpoints and are not used.
    """

    def __init__(self, num_classes: int = 12, amplification: float = 10.0, norm: Norm = "sample") -> None:
        super().__init__()
        self.amplification, self.norm = amplification, norm
        self.spatial_model = residual_network("resnet18", num_classes)
        self.spatial_model_mag = residual_network("resnet18", num_classes)
        self.spatial_model_mag.fc = self.spatial_model.fc
        for part in ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"):
            setattr(self, part, self.spatial_model.get_submodule(part))
        magnifier = ShapeOnly()
        self.mag_encoder = magnifier.encoder
        self.mag_manipulator = magnifier.manipulator
        self.mag_decoder = magnifier.decoder

    def latent(self, onset: torch.Tensor, apex: torch.Tensor, pseudo_apex: torch.Tensor) -> torch.Tensor:
        """Magnified differences onset to apex and onset to pseudo-apex, ``[N,64,S/2,S/2]``."""
        start, *ends = (self.mag_encoder(frame) for frame in (onset, apex, pseudo_apex))
        return torch.cat(
            [latent_difference(self.mag_manipulator, start, end, self.amplification) for end in ends], dim=1
        )

    def forward(
        self, flow: torch.Tensor, onset: torch.Tensor, apex: torch.Tensor, pseudo_apex: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.recognise(flow, self.latent(onset, apex, pseudo_apex))

    def magnifier(self) -> Magnifier:
        """What may be fixed."""
        return Magnifier(self.mag_encoder, self.mag_manipulator, self.amplification)

    def recognise(self, flow: torch.Tensor, latent: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The same from the flow stack and magnified differences."""
        own, gated = self.spatial_model, self.spatial_model_mag
        magnified = gated.maxpool(torch.relu(latent))  # type: ignore[operator]
        features = own.maxpool(own.relu(own.bn1(own.conv1(flow))))  # type: ignore[operator]
        for stage in range(1, 5):
            features = own.get_submodule(f"layer{stage}")(features)
            magnified = gated.get_submodule(f"layer{stage}")(magnified) * attention(features, self.norm)
        pooled = features.mean(dim=(2, 3))
        infused = magnified.mean(dim=(2, 3)) * attention(pooled, self.norm)
        head = own.get_submodule("fc")
        return head(pooled), head(infused)


class InfuseVitNetwork(nn.Module):
    """The same with two ViT-Tiny branches (ours): after each of the twelve blocks the tokens of the magnification
    branch are multiplied by the flow branch's scaled tokens, and so are the class tokens at the end.

    The magnified latent ``[N,64,S/2,S/2]`` becomes tokens by a convolution of 8 x 8, as fine as the flow's patches.
    """

    def __init__(
        self, num_classes: int = 12, amplification: float = 10.0, norm: Norm = "sample", size: int = SIZE
    ) -> None:
        super().__init__()
        self.amplification, self.norm = amplification, norm
        self.flow_model = VisionTransformer(size=size, num_classes=num_classes)
        self.mag_model = VisionTransformer(size=size // 2, patch=8, channels=LATENT, num_classes=num_classes)
        self.mag_model.head = self.flow_model.head
        magnifier = ShapeOnly()
        self.mag_encoder, self.mag_manipulator = magnifier.encoder, magnifier.manipulator

    def forward(
        self, flow: torch.Tensor, onset: torch.Tensor, apex: torch.Tensor, pseudo_apex: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        start, *ends = (self.mag_encoder(frame) for frame in (onset, apex, pseudo_apex))
        latent = [latent_difference(self.mag_manipulator, start, end, self.amplification) for end in ends]
        return self.recognise(flow, torch.cat(latent, dim=1))

    def magnifier(self) -> Magnifier:
        """What may be fixed."""
        return Magnifier(self.mag_encoder, self.mag_manipulator, self.amplification)

    def recognise(self, flow: torch.Tensor, latent: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The same from the flow stack and magnified differences ``[N,64,S/2,S/2]``."""
        tokens = self.flow_model.tokens(flow)
        magnified = self.mag_model.tokens(torch.relu(latent))
        for own, gated in zip(self.flow_model.blocks, self.mag_model.blocks, strict=True):
            tokens = own(tokens)
            magnified = gated(magnified) * attention(tokens, self.norm)
        classes = self.flow_model.norm(tokens)[:, 0]
        infused = self.mag_model.norm(magnified)[:, 0] * attention(classes, self.norm)
        return self.flow_model.head(classes), self.flow_model.head(infused)


SCHEDULE = Schedule(epochs=50, rate=1e-3, weight_decay=0.0, decay=0.9)
"""Adam at 1e-3, 0.9 of it after each epoch, 50 epochs; the losses of both outputs are added (our reading)."""


MAGNIFIER = {"mag_encoder": "oh2018-infusenet/encoder", "mag_manipulator": "oh2018-infusenet/manipulator"}


def load_resnet18() -> NetworkDetector:
    """From random weights; where the published starts are given, from ImageNet and a trained magnifier."""
    start = published({"spatial_model": "resnet18", "spatial_model_mag": "resnet18", **MAGNIFIER})
    return NetworkDetector("infusenet", InfuseNetwork, ColourTriple(SIZE), SCHEDULE, start=start)


def load_vit_tiny() -> NetworkDetector:
    """The ViT-Tiny form; the flow branch and the magnifier take starts where they are given."""
    build = partial(InfuseVitNetwork, size=SIZE)
    start = published({"flow_model": "vit-tiny", **MAGNIFIER})
    return NetworkDetector("infusenet-vit-tiny", build, ColourTriple(SIZE), SCHEDULE, start=start)
