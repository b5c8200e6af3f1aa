"""Inception-v3, the network of FID and KID; its published file must be added."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mebench.clip import Pixels
from mebench.metrics.encoders.checkpoint import checked, loaded
from mebench.metrics.encoders.clip_vector import ClipEncoder, Vector, image_frames
from mebench.metrics.encoders.inception_network import fid_inception, inception_features
from mebench.metrics.sample import Sample

WEIGHTS = "inception-fid"


class Inception(ClipEncoder):
    """The 2048 pooled features before the classifier; mean over frames."""

    name = "inception"
    version = 1
    networks = (WEIGHTS,)

    def vector(self, frames: Pixels, sample: Sample) -> Vector:
        network = _network()
        seen = torch.from_numpy(np.ascontiguousarray(image_frames(frames, sample))).movedim(-1, 1).float() / 255.0
        with torch.inference_mode():
            return np.asarray(inception_features(network, seen).mean(dim=0).numpy(), dtype=np.float32)


def convert(content: Any, path: Path) -> dict[str, torch.Tensor]:
    """The tensors of the published file, checked."""
    return checked(content, path, fid_inception())


@cache
def _network() -> torch.nn.Module:
    return loaded(WEIGHTS, fid_inception)


ENCODER = Inception()
