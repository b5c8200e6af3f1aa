"""DINOv2, small: features learned without labels; its published file must be added."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from mebench.clip import Pixels
from mebench.metrics.encoders.checkpoint import checked, loaded
from mebench.metrics.encoders.clip_vector import ClipEncoder, Vector, image_frames
from mebench.metrics.encoders.dinov2_network import DinoV2
from mebench.metrics.sample import Sample

WEIGHTS = "dinov2-s"
SIDE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, as the weights expect."""


class DinoV2Small(ClipEncoder):
    """The class token (384 numbers) of frames at 224 x 224, antialiased bicubic; mean over frames."""

    name = "dinov2-s"
    version = 1
    networks = (WEIGHTS,)

    def vector(self, frames: Pixels, sample: Sample) -> Vector:
        network = _network()
        seen = torch.from_numpy(np.ascontiguousarray(image_frames(frames, sample))).movedim(-1, 1).float() / 255.0
        small = functional.interpolate(seen, size=(SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False)
        scaled = (small - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]
        with torch.inference_mode():
            return np.asarray(network(scaled).mean(dim=0).numpy(), dtype=np.float32)


def convert(content: Any, path: Path) -> dict[str, torch.Tensor]:
    """The tensors of the published file, checked."""
    return checked(content, path, DinoV2())


@cache
def _network() -> torch.nn.Module:
    return loaded(WEIGHTS, DinoV2)


ENCODER = DinoV2Small()
