"""One vector a clip, in colour and in luma.

Frames of one clip are no samples: repeated, they only make a set look larger than it is. So an encoder gives one vector
a clip. Whether the sets are compared in colour or in luma can only be known when all clips are there (one grey clip makes
the comparison grey), so both vectors are kept.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import Unavailable
from mebench.metrics.sample import Sample, is_grey, luma

Vector = NDArray[np.float32]

EVEN_FRAMES = 4
"""Frames that an image network sees: the apex and four evenly spaced ones; the vector is their mean."""

VIDEO_FRAMES = 16
"""Frames that a video network sees, evenly spaced from onset to offset, whatever the frame rate."""


@dataclass(frozen=True, eq=False)
class ClipVector:
    """float32 ``[D]`` each. colour: None for a clip without colour."""

    colour: Vector | None
    luma: Vector


@dataclass(frozen=True, eq=False)
class PairVectors:
    """made: of the output. real: of the reference clip, or of the driving clip where there is none
    (``real_is_driving``)."""

    made: ClipVector
    real: ClipVector
    real_is_driving: bool


class ClipEncoder(ABC):
    """name: stands in the brackets of metrics. version: raised when the vectors change. networks: weight files."""

    name: str
    version: int
    networks: tuple[str, ...]

    @abstractmethod
    def vector(self, frames: Pixels, sample: Sample) -> Vector:
        """A clip uint8 ``[T,S,S,3]`` RGB with the times of ``sample`` to float32 ``[D]``. Raises
        :class:`~mebench.errors.MissingWeights` at once when the network is not on this machine."""

    def encode(self, sample: Sample) -> PairVectors:
        """The vectors of output and real clip."""
        real, is_driving = sample.once_a_task(self._real)
        perfect = not is_driving and np.array_equal(sample.output, sample.reference)
        return PairVectors(real if perfect else self._clip(sample.output, sample), real, is_driving)

    def _real(self, sample: Sample) -> tuple[ClipVector, bool]:
        try:
            clip, is_driving = sample.reference, False
        except Unavailable:
            clip, is_driving = sample.driving, True
        return self._clip(clip, sample), is_driving

    def _clip(self, frames: Pixels, sample: Sample) -> ClipVector:
        if is_grey(frames):
            return ClipVector(None, self.vector(frames, sample))
        return ClipVector(self.vector(frames, sample), self.vector(luma(frames), sample))


def image_frames(frames: Pixels, sample: Sample) -> Pixels:
    """What an image network sees of a clip, ``[4 or 5,S,S,3]``."""
    return frames[sample.spread(EVEN_FRAMES)]


def video_frames(frames: Pixels, sample: Sample) -> Pixels:
    """What a video network sees of a clip, ``[16,S,S,3]``: nearest frames, repeated where the clip has fewer."""
    times = np.rint(np.linspace(sample.onset, sample.offset, VIDEO_FRAMES)).astype(int)
    return np.asarray(frames[times])
