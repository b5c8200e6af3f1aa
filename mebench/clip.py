"""The nouns: clips, portraits, what a method sees of them, what it gives back, and the truth of the open set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Pixels = NDArray[np.uint8]
"""uint8 ``[T,H,W,3]`` (a clip) or ``[H,W,3]`` (an image), RGB."""


@dataclass(frozen=True)
class Frames:
    """Frames that are decoded when asked for, and not kept.

    count, height, width: number of frames and size in pixels.
    read: gives uint8 ``[count,height,width,3]``, RGB, or grey repeated to three channels.
    """

    count: int
    height: int
    width: int
    read: Callable[[], Pixels]

    def array(self) -> Pixels:
        """Decode: uint8 ``[T,H,W,3]``, RGB."""
        return self.read()


@dataclass(frozen=True)
class Clip:
    """One recording of one subject with its annotation. Frame indices count from 0 in ``frames``.

    onset, apex, offset: frame indices, ``0 <= onset <= apex <= offset < frames.count``.
    action_units: FACS names with an optional side, such as ``"4"``, ``"L12"``, ``"R14"``.
    counted_units: numbers of the action units by the counting rule of a published composite, where it differs from
    ``action_units``; see :func:`mebench.datasets.action_units.unit_numbers`. emotion: the annotator's word, or empty.
    flags: what a reader must know of the annotation, such as ``"apex estimated"``.
    """

    key: str
    dataset: str
    domain: str
    subject: str
    fps: float
    onset: int
    apex: int
    offset: int
    action_units: tuple[str, ...]
    licence: str
    frames: Frames
    counted_units: tuple[int, ...] | None = None
    emotion: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Portrait:
    """A source identity image of a dataset. ``read`` gives uint8 ``[H,W,3]``, RGB."""

    key: str
    dataset: str
    domain: str
    subject: str
    licence: str
    read: Callable[[], Pixels]


@dataclass(frozen=True)
class Source:
    """The source identity as a method sees it. image: float32 ``[3,H,W]`` in [0,1], RGB.

    key: of the picture, ``dataset:portrait`` in a run; equal keys mean equal pictures, so a method may remember by it.
    """

    key: str
    image: torch.Tensor


@dataclass(frozen=True)
class Driving:
    """A driving clip as a method sees it: decoded, with the times that a method may know (no action units, no truth).

    frames: float32 ``[T,3,H,W]`` in [0,1], RGB. fps: delivered frames per second.
    onset, apex, offset: frame indices. The onset frame is the reference of every motion.
    factor: how many times the motion is wanted; 1 but where magnifiers are measured.
    key: of the clip, ``dataset:clip`` in a run; equal keys mean equal frames, so a method may remember by it.
    """

    key: str
    frames: torch.Tensor
    fps: float
    onset: int
    apex: int
    offset: int
    factor: float = 1.0


@dataclass(frozen=True)
class Generated:
    """What a method gives back. frames: float32 ``[T,3,h,w]`` in [0,1], RGB, one for each driving frame.

    info: numbers and words worth keeping beside the clip (JSON values), such as the factor that was used.
    """

    frames: torch.Tensor
    info: dict[str, Any] = field(default_factory=dict)


class ExactFlow(NamedTuple):
    """displacement: float32 ``[H,W,2]`` in pixels, x then y, on the grid of the onset frame, NaN off the face.
    valid: bool ``[H,W]``, true where the same surface point is visible in both frames."""

    displacement: NDArray[np.float32]
    valid: NDArray[np.bool_]


class UnitMotion(NamedTuple):
    """What each action unit does to the skin, at intensity 1 from the onset. points: float32 ``[N,2]`` pixels, skin that
    is seen in the onset frame. displacement: float32 ``[26,N,2]`` pixels; intensities add up linearly."""

    points: NDArray[np.float32]
    displacement: NDArray[np.float32]


Part = Literal["all", "au", "head"]
"""Which motion: everything, action units alone (head frozen), or the head alone (action units frozen)."""


@dataclass(frozen=True)
class Truth:
    """The true answer of the open set: the source identity performing the motion of the driving clip.

    frames: uint8 ``[T,H,W,3]``, without sensor noise and JPEG, otherwise through the source's camera.
    action_units: float32 ``[T,26]`` intensities. landmarks: float32 ``[T,68,2]`` pixels, x then y, iBUG order,
    pixel centres at integers. pose: float32 ``[T,6]`` (yaw, pitch, roll in rad; x, y, z in dm).
    face: bool ``[H,W]``, the skin of the face in the onset frame.
    flow: ``flow(t, part)`` gives the exact motion from the onset frame to frame ``t``.
    units: gives what each action unit would do to the onset frame; None where it is not known.
    """

    frames: Pixels
    fps: float
    onset: int
    apex: int
    offset: int
    action_units: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    pose: NDArray[np.float32]
    face: NDArray[np.bool_]
    flow: Callable[[int, Part], ExactFlow]
    units: Callable[[], UnitMotion] | None = None
