"""LBP-TOP and support vector machines on grey frames.

Zhao and Pietikainen, "Dynamic Texture Recognition Using Local Binary Patterns with an Application to Facial
Expressions", IEEE TPAMI 29, 2007. Uniform patterns of 8 neighbours at radius 3 in three orthogonal planes, 8 x 8 blocks
that overlap by 70 %. The MEB library reads frames 0 to 9 of a clip whatever its length and rate; ``whole`` spreads ten
frames over the clip, ``head`` does as the library.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.flow_stack import resized
from mebench.detectors.kernel_detector import KernelDetector
from mebench.detectors.observation import Observation, square
from mebench.motion.flow import grey

FRAMES = 10
SIZE = 128
"""Side of the frames: a block is 41 pixels, a third of a face."""

RADIUS, NEIGHBOURS = 3, 8
BLOCKS, OVERLAP = 8, 0.7
BINS = 59
"""58 uniform patterns (at most two changes around the ring) and one for all others."""

Volume = NDArray[np.float64]


@dataclass(frozen=True)
class LbpTop:
    """float32 ``[3 x 64 x 59]`` = 11 328 numbers: a histogram for each plane and block, each summing to one."""

    frames: Literal["whole", "head"] = "whole"

    def __call__(self, clip: Observation) -> NDArray[np.float32]:
        if self.frames == "whole":
            chosen = clip.spread(FRAMES)
        else:
            last = clip.offset
            chosen = square(clip.read_frames([min(clip.onset + t, last) for t in range(FRAMES)]))
        volume = np.stack([grey(frame) for frame in chosen]).astype(np.float32)
        return histograms(resized(volume, SIZE).astype(np.float64))


def histograms(volume: Volume) -> NDArray[np.float32]:
    """The features of grey levels ``[T,H,W]`` with more than twice the radius in every dimension."""
    planes = [codes(volume, *plane) for plane in ((1, 2), (0, 2), (0, 1))]
    height, width = planes[0].shape[1:]
    found = []
    for code in planes:
        for rows in _blocks(height):
            for columns in _blocks(width):
                counts = np.bincount(code[:, rows, columns].ravel(), minlength=BINS)
                found.append(counts / counts.sum())
    return np.concatenate(found).astype(np.float32)


def codes(volume: Volume, first: int, second: int) -> NDArray[np.int64]:
    """Uniform pattern of every inner voxel in the plane of two axes (0 time, 1 down, 2 across): ``[T-6,H-6,W-6]``.

    Neighbours off the grid are interpolated linearly; one equal to its centre counts as brighter.
    """
    inner = tuple(slice(RADIUS, size - RADIUS) for size in volume.shape)
    centre = volume[inner]
    pattern = np.zeros(centre.shape, dtype=np.int64)
    for number in range(NEIGHBOURS):
        angle = 2.0 * np.pi * number / NEIGHBOURS
        shift = [0.0, 0.0, 0.0]
        shift[first], shift[second] = -RADIUS * np.sin(angle), RADIUS * np.cos(angle)
        # Rounding keeps the four neighbours on the axes exactly on the grid.
        neighbour = _shifted(volume, [round(value, 9) for value in shift])
        pattern |= (neighbour >= centre - 1e-9).astype(np.int64) << number
    return _uniform()[pattern]


def _shifted(volume: Volume, shift: list[float]) -> Volume:
    """The inner part of the volume moved by a fraction of a voxel, linearly interpolated."""
    total = np.zeros(tuple(size - 2 * RADIUS for size in volume.shape))
    low = [int(np.floor(value)) for value in shift]
    for corner in np.ndindex(2, 2, 2):
        weight = float(
            np.prod([part if up else 1.0 - part for up, part in zip(corner, np.subtract(shift, low), strict=True)])
        )
        if weight > 0.0:
            starts = [RADIUS + base + up for base, up in zip(low, corner, strict=True)]
            place = tuple(slice(start, start + size) for start, size in zip(starts, total.shape, strict=True))
            total += weight * volume[place]
    return total


def _blocks(length: int) -> list[slice]:
    """Eight equal stretches of an axis that overlap by 70 % and reach from end to end."""
    side = length / (1.0 + (BLOCKS - 1) * (1.0 - OVERLAP))
    starts = [round(number * side * (1.0 - OVERLAP)) for number in range(BLOCKS)]
    return [slice(start, min(start + round(side), length)) for start in starts]


@cache
def _uniform() -> NDArray[np.int64]:
    """Bin of each of the 256 patterns."""
    table = np.full(1 << NEIGHBOURS, BINS - 1, dtype=np.int64)
    place = 0
    for pattern in range(1 << NEIGHBOURS):
        turned = (pattern >> 1) | ((pattern & 1) << (NEIGHBOURS - 1))
        if (pattern ^ turned).bit_count() <= 2:
            table[pattern] = place
            place += 1
    return table


def load() -> KernelDetector:
    """Ten frames of the whole clip, polynomial kernel."""
    return KernelDetector("lbp-top", LbpTop(), kernel="poly", cost=1.0)


def load_head() -> KernelDetector:
    """The first ten frames, as the library reads them: kept to show what that costs."""
    return KernelDetector("lbp-top-head", LbpTop("head"), kernel="poly", cost=1.0)
