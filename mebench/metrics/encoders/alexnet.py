"""AlexNet's last convolution, pooled: it ships with mebench."""

from __future__ import annotations

import numpy as np
import torch

from mebench.clip import Pixels
from mebench.metrics.encoders.clip_vector import ClipEncoder, Vector, image_frames
from mebench.metrics.realism.lpips import ALEXNET, network
from mebench.metrics.sample import Sample


class AlexNet(ClipEncoder):
    """Mean over positions and frames of the fifth convolution (after ReLU), 256 numbers, on whole frames scaled as LPIPS
    scales them."""

    name = "alexnet"
    version = 1
    networks = (ALEXNET,)

    def vector(self, frames: Pixels, sample: Sample) -> Vector:
        judge = network()
        seen = torch.from_numpy(np.ascontiguousarray(image_frames(frames, sample))).movedim(-1, 1).float() / 127.5 - 1.0
        with torch.inference_mode():
            fifth = judge.net(judge.scaling_layer(seen))[-1]
        return np.asarray(fifth.mean(dim=(0, 2, 3)).numpy(), dtype=np.float32)


ENCODER = AlexNet()
