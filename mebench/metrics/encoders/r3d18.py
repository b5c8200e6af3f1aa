"""A three-dimensional ResNet of 18 layers, trained to recognise actions; its published file must be added."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mebench.clip import Pixels
from mebench.metrics.encoders.checkpoint import checked, loaded
from mebench.metrics.encoders.clip_vector import ClipEncoder, Vector, video_frames
from mebench.metrics.sample import Sample

WEIGHTS = "r3d18-kinetics"
SIDE = 112
MEAN, DEVIATION = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)
"""Of Kinetics-400, as torchvision's transform for these weights has them; its crop is left out: frames are square."""


class R3d18(ClipEncoder):
    """512 pooled features of 16 frames from onset to offset at 112 x 112. Tran et al., A Closer Look at Spatiotemporal
    Convolutions, CVPR 2018."""

    name = "r3d18"
    version = 1
    networks = (WEIGHTS,)

    def vector(self, frames: Pixels, sample: Sample) -> Vector:
        network = _network()
        seen = torch.from_numpy(np.ascontiguousarray(video_frames(frames, sample))).movedim(-1, 1).float() / 255.0
        small = functional.interpolate(seen, size=(SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
        scaled = (small - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]
        with torch.inference_mode():
            return np.asarray(network(scaled.movedim(0, 1)[None])[0].numpy(), dtype=np.float32)


def convert(content: Any, path: Path) -> dict[str, torch.Tensor]:
    """The tensors of the published file, checked; the classifier is left out."""
    return checked(content, path, build())


def build() -> nn.Module:
    """The network without its classifier, untrained."""
    from torchvision.models.video import r3d_18

    with torch.random.fork_rng(devices=[]):
        network: Any = r3d_18(weights=None)
    network.fc = nn.Identity()
    module: nn.Module = network
    return module


@cache
def _network() -> nn.Module:
    return loaded(WEIGHTS, build)


ENCODER = R3d18()
