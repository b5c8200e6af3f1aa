"""What a metric looks at: one generated clip beside its reference, with everything that is expensive computed once.

The **reference clip** is what the output should look like: the true answer where there is one (the open set), else the
driving clip if it shows the same person. Both start from their onset frame, on one pixel grid: measured flow goes from the onset frame to every
frame, in the fine setting of dense inverse search, at the scoring size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Part, Pixels, Truth
from mebench.errors import InputError, Unavailable
from mebench.motion.flow import DisFine, Flow, FlowEstimator, flows_from, grey

Value = TypeVar("Value")

RIGHT_EYE = slice(36, 42)
LEFT_EYE = slice(42, 48)
"""Rings of the iBUG 68-point scheme; a ring's mean is the centre of the eye (Sagonas et al., 300-W, IVC 2016)."""

BLINK = slice(24, 26)
"""Where the closing of the two lids stands among the 26 action units of a :class:`~mebench.clip.Truth`."""

FOREHEAD = 0.6
"""How far above the brows the face mask reaches where it is built from landmarks, in inter-ocular distances: about
the hairline of an average face, below the hair."""


@dataclass(eq=False)
class Sample:
    """One task's pictures for the metrics. Arrays are not copied; metrics must not write into them.

    source: uint8 ``[S,S,3]``. driving, output: uint8 ``[T,S,S,3]``. All RGB (grey repeated) of one size.
    onset, apex, offset: frame indices, ``0 <= onset < apex <= offset < T``. fps: delivered frames per second.
    truth: the true answer; None outside the open set.
    same_identity: whether source and driving show the same person in the same pose, so that without a truth the driving
    clip is the reference. None means: only if the source is the driving clip's onset frame.
    known_reference_flows: float32 ``[T,S,S,2]``: :attr:`reference_flows` of an earlier sample of the same task, so that
    several methods pay for it once.
    onset_landmarks: ``[68,2]`` pixels (x, y), iBUG order, of the reference's onset frame, where there is no truth;
    they are looked for when they are not given.
    action_units: FACS names of the driving clip's annotation, empty where it has none.
    held_out: the domain that judges of action units must not have been trained on (the driving clip's).

    Raises :class:`~mebench.errors.InputError` for a clip of one frame, other types than uint8, unequal shapes or
    frame indices out of order.
    """

    source: Pixels
    driving: Pixels
    output: Pixels
    fps: float
    onset: int
    apex: int
    offset: int
    truth: Truth | None = None
    same_identity: bool | None = None
    known_reference_flows: Flow | None = None
    onset_landmarks: NDArray[np.float32] | None = None
    action_units: tuple[str, ...] = ()
    held_out: str = ""
    estimator: FlowEstimator = field(default_factory=DisFine)

    def __post_init__(self) -> None:
        _check(self)
        self._memory: dict[Any, Any] = {}
        self._task_memory: dict[Any, Any] = {}

    def once(self, compute: Callable[[Sample], Value]) -> Value:
        """``compute(self)``, evaluated at the first call and remembered: how metrics share an intermediate result."""
        if compute not in self._memory:
            self._memory[compute] = compute(self)
        return cast(Value, self._memory[compute])

    def share(self, memory: dict[Any, Any]) -> Sample:
        """Use ``memory`` for what does not depend on the output; samples of one task, which differ in the output alone,
        share one. Gives the sample itself."""
        self._task_memory = memory
        return self

    def once_a_task(self, compute: Callable[[Sample], Value]) -> Value:
        """Like :meth:`once` for what the output does not enter: remembered for all samples of the task."""
        if compute not in self._task_memory:
            self._task_memory[compute] = compute(self)
        return cast(Value, self._task_memory[compute])

    @property
    def frame_count(self) -> int:
        """Number of frames of the driving clip and of the output."""
        return len(self.output)

    @property
    def expression_frames(self) -> range:
        """Frames after the onset up to and including the offset: where the expression moves the face."""
        return range(self.onset + 1, self.offset + 1)

    def spread(self, count: int, first: int = 0, last: int | None = None) -> list[int]:
        """``count`` frames evenly spaced from ``first`` to ``last`` (the end of the clip), and the apex; in order,
        without repetition. All frames of the range where it has no more than ``count``."""
        end = self.frame_count - 1 if last is None else last
        even = np.rint(np.linspace(first, end, min(count, end - first + 1))).astype(int)
        return sorted({self.apex, *even.tolist()})

    @cached_property
    def same_person(self) -> bool:
        """Whether source and driving clip are one recording: as stated, else whether the pictures are equal."""
        if self.same_identity is None:
            return np.array_equal(self.source, self.driving[self.onset])
        return self.same_identity

    @cached_property
    def reference(self) -> Pixels:
        """The clip that the output should equal, uint8 ``[T,S,S,3]``.

        :class:`~mebench.errors.Unavailable` for two identities without a true answer.
        """
        if self.truth is not None:
            return self.truth.frames
        if not self.same_person:
            raise Unavailable("there is no true answer for two identities outside the open set.")
        return self.driving

    @cached_property
    def output_flows(self) -> Flow:
        """Measured flow of the output from its onset frame to every frame, float32 ``[T,S,S,2]`` pixels."""
        if self.truth is not None and np.array_equal(self.output, self.truth.frames):
            return self.reference_flows
        return measured_flows(self.output, self.onset, self.estimator)

    @cached_property
    def reference_flows(self) -> Flow:
        """Measured flow of the reference from its onset frame to every frame, float32 ``[T,S,S,2]`` pixels.

        For two identities without a true answer it is the driver's flow, carried to the shape of the source by landmarks:
        motion can be compared where pictures cannot.
        """
        if self.known_reference_flows is not None:
            return self.known_reference_flows
        if self.truth is None and not self.same_person:
            return _carried_flows(self)
        return measured_flows(self.reference, self.onset, self.estimator)

    @cached_property
    def anchor(self) -> Pixels:
        """The picture on whose grid motion is compared, uint8 ``[S,S,3]``: the reference's onset frame, or the source
        image where there is no reference."""
        if self.truth is None and not self.same_person:
            return self.source
        return np.asarray(self.reference[self.onset])

    def exact_flow(self, frame: int, part: Part = "all") -> tuple[Flow, NDArray[np.bool_]]:
        """The exact motion from the onset frame to ``frame``: float32 ``[S,S,2]`` pixels (0 where unknown), and the
        mask of face pixels on which it is valid, bool ``[S,S]``. :class:`~mebench.errors.Unavailable` without a truth.
        """
        if self.truth is None:
            raise Unavailable("the exact motion is known on the open set alone.")
        if (frame, part) not in self._task_memory:
            exact = self.truth.flow(frame, part)
            finite = np.isfinite(exact.displacement[..., 0]) & np.isfinite(exact.displacement[..., 1])
            known = np.where(finite[..., None], exact.displacement, np.float32(0.0))
            self._task_memory[frame, part] = known, exact.valid & finite & self.face
        return cast("tuple[Flow, NDArray[np.bool_]]", self._task_memory[frame, part])

    @cached_property
    def landmarks(self) -> NDArray[np.float32]:
        """Landmarks of the reference's onset frame (of :attr:`anchor`), float32 ``[68,2]`` pixels."""
        if self.truth is not None:
            return np.asarray(self.truth.landmarks[self.onset], dtype=np.float32)
        if self.onset_landmarks is not None:
            return np.asarray(self.onset_landmarks, dtype=np.float32)
        return self.once_a_task(_found_landmarks)

    @cached_property
    def inter_ocular(self) -> float:
        """Distance between the centres of the eyes on the onset frame, in pixels."""
        right, left = self.landmarks[RIGHT_EYE].mean(axis=0), self.landmarks[LEFT_EYE].mean(axis=0)
        return float(np.hypot(*(left - right)))

    @cached_property
    def face(self) -> NDArray[np.bool_]:
        """The skin of the face on the onset frame, bool ``[S,S]``: of the truth, else the hull of the landmarks with
        the brows lifted to the forehead."""
        if self.truth is not None:
            return self.truth.face
        return hull(self.landmarks, self.output.shape[1:3], FOREHEAD * self.inter_ocular)

    @cached_property
    def blinking(self) -> NDArray[np.bool_]:
        """Frames with a blink, bool ``[T]``, as far as they are known: the truth's; none where there is no truth."""
        if self.truth is None:
            return np.zeros(self.frame_count, dtype=bool)
        return np.asarray((self.truth.action_units[:, BLINK] > 0.0).any(axis=1))

    @cached_property
    def comparable(self) -> tuple[Pixels, Pixels]:
        """Output and reference for pixel comparison: as they are, or both as repeated luma where the latter is grey."""
        if is_grey(self.reference):
            return luma(self.output), luma(self.reference)
        return self.output, self.reference


def measured_flows(frames: Pixels, onset: int, estimator: FlowEstimator) -> Flow:
    """:func:`~mebench.motion.flow.flows_from`, without measuring frames that equal the onset frame: nothing moves in a still clip."""
    moving = [t for t in range(len(frames)) if t != onset and not np.array_equal(frames[t], frames[onset])]
    flows = np.zeros((*frames.shape[:3], 2), dtype=np.float32)
    if moving:
        flows[moving] = flows_from(frames[[onset, *moving]], 0, estimator)[1:]
    return flows


def _found_landmarks(sample: Sample) -> NDArray[np.float32]:
    """The points of the face mesh nearest to the 68, on the picture whose grid is used."""
    from mebench.motion.landmarks import IBUG68

    return np.asarray(_mesh(sample.anchor, "the onset frame")[list(IBUG68)], dtype=np.float32)


def _mesh(image: Pixels, name: str) -> NDArray[np.float32]:
    from mebench.motion.landmarks import face_mesh

    try:
        return face_mesh(image, name).points
    except InputError as error:
        raise Unavailable(f"no landmarks were found on {name}: {error}") from error


def _carried_flows(sample: Sample) -> Flow:
    """The driver's measured flow on the grid of the source image, turned and scaled with the faces."""
    from mebench.motion.carry import Correspondence

    own, other = _mesh(sample.source, "the source image"), _mesh(sample.driving[sample.onset], "the driving clip")
    flows = measured_flows(sample.driving, sample.onset, sample.estimator)
    carry = Correspondence(own, other, sample.source.shape[:2], flows.shape[1:3])
    return np.stack([carry.displacement(flow) for flow in flows])


def hull(landmarks: NDArray[np.float32], shape: tuple[int, ...], lift: float) -> NDArray[np.bool_]:
    """The convex hull of 68 landmarks, with the ten brow points also lifted by ``lift`` pixels along the face's own
    upward direction (from the mouth to the eyes). bool ``[H,W]``."""
    up = landmarks[36:48].mean(axis=0) - landmarks[48:68].mean(axis=0)
    lifted = landmarks[17:27] + lift * up / np.hypot(*up)
    outline = cv2.convexHull(np.concatenate((landmarks, lifted)).astype(np.float32))
    mask = np.zeros(shape[:2], dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.rint(outline).astype(np.int32), 1)
    return mask.astype(bool)


def is_grey(frames: Pixels) -> bool:
    """Whether the three channels of uint8 ``[...,3]`` are equal everywhere."""
    return bool(np.array_equal(frames[..., 0], frames[..., 1]) and np.array_equal(frames[..., 0], frames[..., 2]))


def luma(frames: Pixels) -> Pixels:
    """Luma (BT.601) repeated to three channels: uint8 ``[T,H,W,3]`` to the same shape; a grey clip is unchanged."""
    return np.stack([np.repeat(grey(frame)[..., None], 3, axis=2) for frame in frames])


def _check(sample: Sample) -> None:
    pictures = (("output", sample.output, 4), ("driving clip", sample.driving, 4), ("source image", sample.source, 3))
    for name, frames, dimensions in pictures:
        if not isinstance(frames, np.ndarray) or frames.dtype != np.uint8:
            raise InputError(f"the {name} must be an array of 8-bit pixels (uint8); quantise it once before scoring.")
        if frames.ndim != dimensions or frames.shape[-1] != 3:
            raise InputError(f"the {name} must be RGB with {dimensions} dimensions, not {list(frames.shape)}.")
        if frames.shape[-3:] != sample.output.shape[-3:]:
            raise InputError(
                f"the {name} is {_size(frames)} pixels and the output {_size(sample.output)}; resize first."
            )
    count = len(sample.output)
    if count < 2:
        raise InputError("a clip of one frame has no motion to score; give at least two frames.")
    if len(sample.driving) != count:
        raise InputError(
            f"the output has {count} frames and the driving clip {len(sample.driving)}; give one for each."
        )
    if sample.truth is not None and sample.truth.frames.shape != sample.output.shape:
        raise InputError(
            f"the output has the shape {list(sample.output.shape)}, the truth {list(sample.truth.frames.shape)}."
        )
    if not 0 <= sample.onset < sample.apex <= sample.offset < count:
        raise InputError(
            f"onset {sample.onset}, apex {sample.apex} and offset {sample.offset} must be frames of the clip "
            f"(0 to {count - 1}) in this order, the apex after the onset."
        )
    if not (np.isfinite(sample.fps) and sample.fps > 0):
        raise InputError(f"the frame rate must be positive, not {sample.fps}.")


def _size(frames: Pixels) -> str:
    return f"{frames.shape[-2]} x {frames.shape[-3]}"
