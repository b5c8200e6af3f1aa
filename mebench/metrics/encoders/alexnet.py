"""AlexNet's last convolution, pooled: it ships with mebench."""

from __future__ import annotations

import numpy as np
import torch

from mebench.clip import Pixels
from mebench.metrics.encoders.alexnet_network import ALEXNET, network, scaled
from mebench.metrics.encoders.clip_vector import ClipEncoder, Vector, image_frames
from mebench.metrics.sample import Sample


class AlexNet(ClipEncoder):
    """Mean over positions and frames of the fifth convolution (after ReLU), 256 numbers, on whole frames scaled as LPIPS
    scales them."""

    name = "alexnet"
    version = 1
    networks = (ALEXNET,)

    def vector(self, frames: Pixels, sample: Sample) -> Vector:
        seen = image_frames(frames, sample)
        still = all(np.array_equal(frame, seen[0]) for frame in seen)
        with torch.inference_mode():
            fifth = network()(scaled(seen[:1] if still else seen))[-1]
            if still:
                # In the memory format that the network gives, which decides the order of the sum.
                fifth = fifth.repeat(len(seen), 1, 1, 1).contiguous(memory_format=torch.channels_last)
        return np.asarray(fifth.mean(dim=(0, 2, 3)).numpy(), dtype=np.float32)


ENCODER = AlexNet()
