"""Learned perceptual distance, AlexNet version 0.1, mean over frames."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch.nn import functional

from mebench.clip import Pixels
from mebench.metrics.contract import MetricFacts
from mebench.metrics.encoders.alexnet_network import ALEXNET, network, scaled, weights_file
from mebench.metrics.sample import Sample
from mebench.weights import find

__all__ = ["ALEXNET", "METRIC", "distances", "network", "weights_file"]

BATCH = 8
"""Frames at a time: 8 pairs of 256 x 256 stay below 100 MB."""

JUDGED_FRAMES = 16
"""Neighbouring frames are nearly equal (a micro-expression at 200 frames a second), and the network is the slowest
judge: 16 frames give the mean of all frames within 1 %."""

HEADS = "lpips-heads"
SMALLEST_NORM = 1e-10
"""Added to the length of a pixel's features before division by it, as published."""

Layers = list[torch.Tensor]
"""Features of N frames, unit length along the channels, layer by layer."""


class Lpips:
    """LPIPS on whole frames, RGB scaled to [-1, 1], AlexNet features, published linear heads.

    Mean over at most 16 evenly spaced frames and the apex.
    """

    facts = MetricFacts(
        name="lpips[alexnet]",
        version=1,
        family="realism",
        unit="",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=1.0,
        networks=(ALEXNET, HEADS),
        summary="Learned perceptual distance to the reference clip (LPIPS 0.1, AlexNet), mean of 16 frames.",
        source="Zhang, Isola, Efros, Shechtman and Wang, CVPR 2018, eq. 1; heads of the lpips package",
        decimals=4,
        traps=(
            "A still clip is nearly perfect at the amplitude of a micro-expression.",
            "It sees noise and compression before motion.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Not negative; 0 for equal clips, capped at 1 (unrelated pictures reach about 0.8)."""
        output, reference = sample.comparable
        frames = sample.spread(JUDGED_FRAMES)
        # Equal frames are at a distance of 0.
        other = [index for index, t in enumerate(frames) if not np.array_equal(output[t], reference[t])]
        if not other:
            return 0.0
        made = _layers(output[[frames[index] for index in other]])
        true = sample.once_a_task(_reference_layers)
        return min(1.0, float(np.sum(_apart(made, [layer[other] for layer in true]))) / len(frames))


def distances(first: Pixels, second: Pixels) -> list[float]:
    """LPIPS of each pair of frames, uint8 ``[T,H,W,3]`` RGB both."""
    return _apart(_layers(first), _layers(second)) if len(first) else []


def _reference_layers(sample: Sample) -> Layers:
    return _layers(sample.comparable[1][sample.spread(JUDGED_FRAMES)])


def _layers(frames: Pixels) -> Layers:
    """Features of frames, uint8 ``[T,H,W,3]``; frames that repeat the first one are not looked at again."""
    again = np.array([np.array_equal(frame, frames[0]) for frame in frames])
    again[0] = False
    seen = frames[~again]
    with torch.inference_mode():
        batches = [_normed(scaled(seen[start : start + BATCH])) for start in range(0, len(seen), BATCH)]
        layers = [torch.cat(parts) for parts in zip(*batches, strict=True)]
        row = torch.from_numpy(np.where(again, 0, np.cumsum(~again) - 1))
        return [layer[row] for layer in layers] if again.any() else layers


def _normed(frames: torch.Tensor) -> Layers:
    lengths = [(maps, torch.sqrt(torch.sum(maps**2, dim=1, keepdim=True))) for maps in network()(frames)]
    return [maps / (length + SMALLEST_NORM) for maps, length in lengths]


def _apart(first: Layers, second: Layers) -> list[float]:
    """Distance of each pair of frames: squared differences weighed by the heads, mean over positions, summed."""
    values: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(first[0]), BATCH):
            batch = slice(start, start + BATCH)
            parts = [
                functional.conv2d((a[batch] - b[batch]) ** 2, head).mean([2, 3])
                for a, b, head in zip(first, second, heads(), strict=True)
            ]
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            values += total.flatten().double().tolist()
    return values


@cache
def heads() -> list[torch.Tensor]:
    """The published weights of the layers' channels, ``[1,C,1,1]`` each."""
    content = torch.load(find(HEADS), map_location="cpu", weights_only=True)
    return [content[f"lin{layer}.model.1.weight"] for layer in range(5)]


METRIC = Lpips()
