"""Measured motion of a clip relative to its reference frame: flow, and the head's affine part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.motion.align import fit_affine
from mebench.motion.flow import DisFine, Flow, FlowEstimator, grey
from mebench.motion.region import FaceRegion


@dataclass(frozen=True, eq=False)
class Measured:
    """Motion between the reference and one frame, float32 ``[H,W,2]`` pixels, on the grid of the first of the two.

    flow: everything. head: the affine motion that most of the face shares.
    """

    flow: Flow
    head: Flow

    def expression(self, weight: NDArray[np.float32]) -> Flow:
        """What is left without the head, faded out around the face. weight: ``[H,W]`` in [0,1]."""
        left = self.flow - self.head
        left[..., 0] *= weight
        left[..., 1] *= weight
        return left


def measure(
    first: NDArray[np.uint8], second: NDArray[np.uint8], region: FaceRegion, estimator: FlowEstimator | None = None
) -> Measured:
    """Flow from ``first`` to ``second``, both uint8 ``[H,W]`` or ``[H,W,3]``, and its affine part inside the face."""
    flow = (estimator or DisFine())(first, second)
    return Measured(flow, fit_affine(flow, region.mask).field(*flow.shape[:2]))


def greys(frames: torch.Tensor) -> Iterator[NDArray[np.uint8]]:
    """Luma of each frame, uint8 ``[H,W]``, of float32 ``[T,3,H,W]`` in [0,1]."""
    for frame in frames:
        yield grey(pixels(frame))


def pixels(frame: torch.Tensor) -> NDArray[np.uint8]:
    """float32 ``[3,H,W]`` in [0,1] to uint8 ``[H,W,3]``."""
    return (frame * 255.0).round().clamp(0.0, 255.0).to(torch.uint8).movedim(0, -1).contiguous().numpy()


def field(flow: Flow) -> torch.Tensor:
    """``[H,W,2]`` to a tensor ``[1,2,H,W]``."""
    return torch.from_numpy(np.ascontiguousarray(flow)).movedim(-1, 0)[None]
