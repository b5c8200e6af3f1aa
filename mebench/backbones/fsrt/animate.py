"""How the driving motion is carried to the source, how a clip is rendered, and the best frame to start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from mebench.backbones.fomm.animate import movement_scale
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fsrt.attention import KeyValue
from mebench.backbones.fsrt.decoder import Decoder
from mebench.backbones.fsrt.encoding import pixel_centres

CPU_CHUNK = 1024
GPU_CHUNK = 65536
"""Queries that go through the decoder together: what is fastest; it changes no colour."""


@dataclass(frozen=True)
class Transfer:
    """relative: add the driver's displacement from its reference to the source's key points. adapt_scale: scale it by
    the ratio of the side lengths of the two faces. relative_expression: an extension, not in the published model; the
    expression vector is the driver's own in both published modes, so that the first frame of a relative animation is
    the source with the driver's expression and not the source itself."""

    relative: bool = True
    adapt_scale: bool = True
    relative_expression: bool = False

    def points(self, source: torch.Tensor, driving: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """Key points of the target, ``[T,K,2]``: ``k_S + s (k_t - k_0)``, or ``k_t`` in absolute mode.

        source, reference: ``[1,K,2]``; of several sources the first one. driving: ``[T,K,2]``.
        """
        if not self.relative:
            return driving
        scale = movement_scale(KeyPoints(source), KeyPoints(reference)) if self.adapt_scale else 1.0
        return source + scale * (driving - reference)

    def expression(self, source: torch.Tensor, driving: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """Expression vectors of the target, ``[T,E]``; source, reference: ``[1,E]``."""
        if not (self.relative and self.relative_expression):
            return driving
        return source + driving - reference


def render(
    decoder: Decoder, points: torch.Tensor, expression: torch.Tensor, source: list[KeyValue], size: int
) -> torch.Tensor:
    """Whole frames ``[T,3,size,size]``, not clamped. points: ``[T,K,2]``; expression: ``[T,E]``; source: one item.

    Frame by frame and chunk by chunk, so the number of frames changes no value.
    """
    pixels = pixel_centres(size, points.device)
    chunks = torch.split(pixels, CPU_CHUNK if points.device.type == "cpu" else GPU_CHUNK)
    frames = [
        torch.cat([decoder(part, points[t : t + 1], expression[t : t + 1], source) for part in chunks], dim=1)[0]
        for t in range(len(points))
    ]
    return torch.stack(frames).mT.reshape(-1, 3, size, size)


def best_frame(source: NDArray[np.float32], driving: NDArray[np.float32]) -> tuple[int, NDArray[np.float32]]:
    """The driving frame whose face is nearest to the source's, and the cost of each frame; the first minimum wins.

    source: 68 landmarks ``[68,2]``; driving: ``[T,68,2]``. Each face is centred and divided by the square root of the
    area of its convex hull; the cost is the sum of squared differences.
    """
    target = _normalised(source)
    costs = np.array([np.square(_normalised(face) - target).sum() for face in driving], np.float32)
    return int(costs.argmin()), costs


def _normalised(face: NDArray[np.float32]) -> NDArray[np.float64]:
    centred = face.astype(np.float64) - face.mean(0, dtype=np.float64)
    # In two dimensions SciPy calls the area "volume" (its "area" is the perimeter).
    return np.asarray(centred / np.sqrt(ConvexHull(centred).volume), np.float64)
