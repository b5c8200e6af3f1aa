"""What detectors see of a clip: the onset and apex frames, the flow between them, and a few frames in between."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.motion.flow import DisFine, Flow
from mebench.motion.sampling import uniform_frames
from mebench.motion.warp import resize

SIZE = 256
"""Side in pixels at which flow is measured: the scoring size of the benchmark."""

Value = TypeVar("Value")


class OnsetApex(Protocol):
    """What is looked at most. frames: uint8 ``[2,256,256,3]``, RGB, onset then apex. flow: float32 ``[256,256,2]``, from
    the onset to the apex frame, DIS-fine, pixels, x then y."""

    @property
    def frames(self) -> Pixels: ...
    @property
    def flow(self) -> Flow: ...


@dataclass(frozen=True, eq=False)
class Pair:
    """An :class:`OnsetApex` in memory."""

    frames: Pixels
    flow: Flow


@dataclass(eq=False)
class Observation:
    """One clip as detectors see it. Nothing is decoded or computed before it is asked for.

    key, dataset, domain, subject: as in :class:`~mebench.clip.Clip`.
    present: which of the twelve action units are annotated, bool ``[12]``; None where it is not known.
    onset, apex, offset: frame indices. read_pair: gives onset and apex. read_frames: gives chosen frames,
    uint8 ``[K,H,W,3]`` at the recorded size. flags: what a reader must know of the annotation. place: folder in which what
    is costly to compute from the clip may be kept; None for a clip in memory.
    """

    key: str
    dataset: str
    domain: str
    subject: str
    present: NDArray[np.bool_] | None
    onset: int
    apex: int
    offset: int
    read_pair: Callable[[], OnsetApex]
    read_frames: Callable[[Sequence[int]], Pixels]
    flags: tuple[str, ...] = ()
    place: Path | None = None
    _memory: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def once(self, recipe: Callable[[Observation], Value]) -> Value:
        """``recipe(self)``, evaluated at the first call and remembered. recipe: hashable; equal recipes share."""
        if recipe not in self._memory:
            self._memory[recipe] = recipe(self)
        return cast(Value, self._memory[recipe])

    def spread(self, count: int) -> Pixels:
        """``count`` frames evenly spaced from onset to offset (:func:`~mebench.motion.sampling.uniform_frames`),
        uint8 ``[count,256,256,3]``."""
        indices = self.onset + uniform_frames(self.offset - self.onset + 1, count)
        distinct, place = np.unique(indices, return_inverse=True)
        return square(self.read_frames(distinct.tolist()))[place]


def square(frames: Pixels) -> Pixels:
    """uint8 ``[K,H,W,3]`` to uint8 ``[K,256,256,3]``: antialiased bicubic, rounded; as they are at that size.

    Raises :class:`InputError` for frames below 16 pixels, on which no flow can be measured.
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or min(frames.shape[1:3]) < 16:
        raise InputError(f"frames must be RGB and at least 16 pixels high and wide, not {list(frames.shape)}.")
    if frames.shape[1:3] == (SIZE, SIZE):
        return frames
    small = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).to(torch.float32) / 255.0
    large = torch.round(resize(small, SIZE) * 255.0).to(torch.uint8)
    return np.ascontiguousarray(large.permute(0, 2, 3, 1).numpy())


def measure(frames: Pixels) -> Pair:
    """The pair of an onset and an apex frame, uint8 ``[2,H,W,3]``."""
    pair = square(frames)
    return Pair(pair, DisFine()(pair[0], pair[1]))


def observe(
    frames: Pixels, onset: int, apex: int, offset: int, *, flow: Flow | None = None, key: str = ""
) -> Observation:
    """An unlabelled clip in memory, uint8 ``[T,H,W,3]``, such as a generated one.

    flow: the flow from onset to apex frame, where it is known already (at 256 x 256 pixels).
    """

    def pair() -> Pair:
        chosen = frames[[onset, apex]]
        return measure(chosen) if flow is None else Pair(square(chosen), flow)

    return Observation(key, "", "", "", None, onset, apex, offset, pair, lambda chosen: frames[list(chosen)])
