"""The five VGG-19 layers on which FOMM and its successors compare images (Johnson et al., ECCV 2016)."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.models import vgg19

TAPS = (1, 6, 11, 20, 29)
"""relu1_1, relu2_1, relu3_1, relu4_1, relu5_1 as indices into the feature stack."""

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


class VggFeatures(nn.Module):
    """Images ``[B,3,H,W]`` in [0,1] to the five tapped maps. The weights are fixed; load them into ``stack``."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stack = vgg19(weights=None).features[: TAPS[-1] + 1]
        for layer in self.stack:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).reshape(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.eval()

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        x = (image - self.mean) / self.std
        tapped = []
        for index, layer in enumerate(self.stack):
            x = layer(x)
            if index in TAPS:
                tapped.append(x)
        return tapped
