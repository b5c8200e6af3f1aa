"""Frames as networks read them: a grey clip, or the onset and apex frame."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.detectors.flow_stack import FlowStack, resized
from mebench.detectors.inputs import Arrays, Tensors
from mebench.detectors.motion_stem import MotionStem
from mebench.detectors.observation import Observation, square
from mebench.motion.flow import grey
from mebench.motion.region import central_region


@dataclass(frozen=True)
class GreyFrames:
    """``count`` grey frames from onset to offset, levels 0 to 255: float32 ``[1,count,size,size]``."""

    count: int
    size: int

    def __call__(self, clip: Observation) -> Arrays:
        frames = np.stack([grey(frame) for frame in clip.spread(self.count)]).astype(np.float32)
        return (resized(frames, self.size)[None],)

    def mirrored(self, inputs: Tensors) -> Tensors:
        return tuple(tensor.flip(-1) for tensor in inputs)


@dataclass(frozen=True)
class GreyPair:
    """Onset and apex frame, grey in [0,1]: float32 ``[2,size,size]``."""

    size: int

    def __call__(self, clip: Observation) -> Arrays:
        return (grey_pair(clip.read_pair().frames, self.size),)

    def mirrored(self, inputs: Tensors) -> Tensors:
        return tuple(tensor.flip(-1) for tensor in inputs)


@dataclass(frozen=True)
class StemFeatures:
    """What the brightness of onset and apex frame says of motion (:class:`~mebench.detectors.motion_stem.MotionStem`),
    faded to 0 off the face: two motion maps and one of the change that is left, as one vector float32 ``[3 x 28 x 28]``.
    """

    def __call__(self, clip: Observation) -> NDArray[np.float32]:
        pair = torch.from_numpy(grey_pair(clip.read_pair().frames, 112))
        maps = MotionStem()(pair[None])[0, [0, 1, 4]].numpy()
        weight = central_region(112, 112).weight[None]
        return np.asarray((maps * resized(weight, maps.shape[-1])).ravel(), dtype=np.float32)


@dataclass(frozen=True)
class NearApex:
    """Frames of which one may stand for the apex: from ``apex - reach`` to ``apex + reach``, after the onset and not
    after the offset; uint8 ``[K,256,256,3]``. The apex alone where there are none."""

    reach: int = 5

    def __call__(self, clip: Observation) -> Pixels:
        return square(clip.read_frames(self.indices(clip)))

    def indices(self, clip: Observation) -> list[int]:
        """Their numbers in the clip."""
        first, last = max(clip.apex - self.reach, clip.onset + 1), min(clip.apex + self.reach, clip.offset)
        return list(range(first, last + 1)) or [clip.apex]


@dataclass(frozen=True)
class ColourTriple:
    """What InfuseNet reads: the flow stack, and onset, apex and pseudo-apex frame, RGB in [-1,1], all of one size.

    In training the pseudo-apex is another frame near the apex in every epoch (:meth:`drawn`); in a prediction it is the
    apex itself. On which side of the apex it lies is not published; here it may lie on both.
    """

    size: int

    def __call__(self, clip: Observation) -> Arrays:
        pair = clip.read_pair()
        onset, apex = (colour(frame, self.size) for frame in pair.frames)
        return FlowStack(self.size, strain="reference").of(pair.flow), onset, apex, apex

    def drawn(self, clip: Observation, epoch: int, seed: int) -> Arrays:
        """The inputs of a training clip in one epoch."""
        *inputs, _ = clip.once(self)
        near = clip.once(NearApex())
        place = NearApex().indices(clip).index(self.pseudo_apex(clip, epoch, seed))
        return (*inputs, colour(near[place], self.size))

    def pseudo_apex(self, clip: Observation, epoch: int, seed: int) -> int:
        """Number of the frame near the apex in one epoch, drawn uniformly by seed, epoch and clip."""
        numbers = NearApex().indices(clip)
        rng = np.random.default_rng([seed, epoch, zlib.crc32(clip.key.encode("utf-8"))])
        return numbers[int(rng.integers(len(numbers)))]

    def mirrored(self, inputs: Tensors) -> Tensors:
        stack, *frames = inputs
        return (*FlowStack(self.size).mirrored((stack,)), *(frame.flip(-1) for frame in frames))


def grey_pair(frames: Pixels, size: int) -> NDArray[np.float32]:
    """Two frames uint8 ``[2,H,W,3]`` as grey float32 ``[2,size,size]`` in [0,1]."""
    levels = np.stack([grey(frame) for frame in frames]).astype(np.float32) / np.float32(255.0)
    return resized(levels, size)


def colour(frame: Pixels, size: int) -> NDArray[np.float32]:
    """uint8 ``[H,W,3]`` to float32 ``[3,size,size]`` in [-1,1]."""
    planes = np.moveaxis(frame.astype(np.float32), -1, 0) / np.float32(127.5) - np.float32(1.0)
    return resized(planes, size)
