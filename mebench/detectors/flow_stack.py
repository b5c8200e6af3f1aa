"""The stack (u, v, strain) that flow detectors read: scaled, then resized."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mebench.detectors.inputs import Arrays, Tensors
from mebench.detectors.observation import Observation
from mebench.motion.align import fit_affine
from mebench.motion.flow import Flow
from mebench.motion.region import FaceRegion, central_region
from mebench.motion.strain import StrainVariant, optical_strain

PIXELS = 1.0
"""Fixed scale: a displacement of one pixel at 256 px, in the middle of a micro-expression's 0.5 to 2 px, becomes 1."""

STRAIN = 0.1
"""Fixed scale of ``central`` strain: one pixel over a tenth of that many pixels of skin, about a brow's height."""


@dataclass(frozen=True)
class FlowStack:
    """Channels u, v and, unless ``strain`` is None, optical strain: float32 ``[C,size,size]``.

    scaling: ``range`` stretches each channel to [0,1] over the image, as published detectors do; it removes amplitude,
    sign and zero, and a channel without any variation becomes 0. ``fixed`` divides by constants.
    stabilised: the affine head motion is taken out first, and everything off the face is faded to 0 (the face being
    where the standard crop has it).
    """

    size: int
    strain: StrainVariant | None = "textbook"
    scaling: Literal["range", "fixed"] = "range"
    stabilised: bool = False

    def __call__(self, clip: Observation) -> Arrays:
        """The stack of a clip."""
        return (self.of(clip.read_pair().flow),)

    def of(self, flow: Flow) -> NDArray[np.float32]:
        """The stack of a flow ``[H,W,2]`` in pixels."""
        if self.stabilised:
            flow = stabilised(flow)
        channels = [flow[..., 0], flow[..., 1]]
        if self.strain is not None:
            channels.append(optical_strain(flow, self.strain))
        if self.scaling == "range":
            channels = [stretched(channel) for channel in channels]
        else:
            units = (PIXELS, PIXELS, STRAIN)
            channels = [channel / np.float32(unit) for channel, unit in zip(channels, units, strict=False)]
        return resized(np.stack(channels), self.size)

    def mirrored(self, inputs: Tensors) -> Tensors:
        """The stack of the mirrored clip: columns reversed and u negated (before the stretching, so 1 - u after it)."""
        (stack,) = inputs
        turned = stack.flip(-1)
        u = 1.0 - turned[:, :1] if self.scaling == "range" else -turned[:, :1]
        return (torch.cat((u, turned[:, 1:]), dim=1),)


def stabilised(flow: Flow) -> Flow:
    """Flow ``[H,W,2]`` without the affine motion that most of the face shares, faded to 0 off the face."""
    region = _region(*flow.shape[:2])
    head = fit_affine(flow, region.mask).field(*flow.shape[:2])
    return np.asarray((flow - head) * _weight(*flow.shape[:2])[..., None], dtype=np.float32)


def stretched(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    """A channel moved and scaled to [0,1]; all 0 where it is constant."""
    low, high = float(channel.min()), float(channel.max())
    if high <= low:
        return np.zeros_like(channel)
    return np.asarray((channel - np.float32(low)) / np.float32(high - low), dtype=np.float32)


def resized(stack: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """float32 ``[C,H,W]`` to ``[C,size,size]``: bilinear with antialiasing (a triangle filter as wide as the reduction),
    which never leaves the range of its input. Displacements keep their unit, pixels of the original."""
    image = torch.from_numpy(np.ascontiguousarray(stack, dtype=np.float32))[None]
    small = functional.interpolate(image, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
    return np.asarray(small[0].numpy())


@cache
def _region(height: int, width: int) -> FaceRegion:
    return central_region(height, width)


@cache
def _weight(height: int, width: int) -> NDArray[np.float32]:
    return _region(height, width).weight
