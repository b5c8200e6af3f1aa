"""Learned perceptual distance, AlexNet version 0.1, mean over frames."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

import mebench.weights
from mebench.clip import Pixels
from mebench.errors import CheckpointError, MissingWeights
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample

ALEXNET = "alexnet_features.safetensors"
BATCH = 8
"""Frames at a time: 8 pairs of 256 x 256 stay below 100 MB."""

JUDGED_FRAMES = 16
"""Neighbouring frames are nearly equal (a micro-expression at 200 frames a second), and the network is the slowest
judge: 16 frames give the mean of all frames within 1 %."""

SLICES = {"slice1.0": 0, "slice2.3": 3, "slice3.6": 6, "slice4.8": 8, "slice5.10": 10}
"""The five convolutions: name inside the ``lpips`` package, and index in torchvision's ``features``."""


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
        networks=(ALEXNET,),
        summary="Learned perceptual distance to the reference clip (LPIPS 0.1, AlexNet), mean of 16 frames.",
        source="Zhang, Isola, Efros, Shechtman and Wang, CVPR 2018, eq. 1; heads of the lpips package",
        decimals=4,
    )

    def score(self, sample: Sample) -> float:
        """Not negative; 0 for equal clips, capped at 1 (unrelated pictures reach about 0.8)."""
        output, reference = sample.comparable
        frames = sample.spread(JUDGED_FRAMES)
        other = [
            t for t in frames if not np.array_equal(output[t], reference[t])
        ]  # equal frames are at a distance of 0
        return min(1.0, float(np.sum(distances(output[other], reference[other]))) / len(frames))


def distances(first: Pixels, second: Pixels) -> list[float]:
    """LPIPS of each pair of frames, uint8 ``[T,H,W,3]`` RGB both."""
    judge = network()
    values: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(first), BATCH):
            pair = (_tensor(first[start : start + BATCH]), _tensor(second[start : start + BATCH]))
            values += judge(*pair).flatten().double().tolist()
    return values


def _tensor(frames: Pixels) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames)).movedim(-1, 1).float() / 127.5 - 1.0


def weights_file() -> Path:
    """Where the AlexNet convolutions lie: inside the package."""
    path = Path(mebench.weights.__file__).parent / "files" / ALEXNET
    if not path.is_file():
        raise MissingWeights(f"{path} is missing; install mebench again, the file is part of it.")
    return path


@cache
def network() -> Any:
    """The judge: built without its random start leaking into the global generator, and without any download."""
    import lpips
    from safetensors.torch import load_file

    path = weights_file()
    weights = load_file(path)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="torchvision")
        judge = lpips.LPIPS(net="alex", version="0.1", pnet_rand=True, verbose=False)
    wanted = {f"features.{index}.{kind}" for index in SLICES.values() for kind in ("weight", "bias")}
    if missing := sorted(wanted - weights.keys()):
        raise CheckpointError(f"{path} is not the AlexNet file: it has no {', '.join(missing)}; install mebench again.")
    for name, index in SLICES.items():
        convolution = judge.net.get_submodule(name)
        convolution.load_state_dict({kind: weights[f"features.{index}.{kind}"] for kind in ("weight", "bias")})
    return judge.eval().requires_grad_(False)


METRIC = Lpips()
