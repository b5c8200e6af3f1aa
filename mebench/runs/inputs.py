"""What a task works on: the source, the driving clip and the true answer, each decoded once for all methods."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from mebench.clip import Driving, Part, Pixels, Source, Truth
from mebench.datasets.contract import Dataset, OpenDataset
from mebench.errors import ConfigError, InputError, Unavailable
from mebench.metrics.sample import Sample
from mebench.motion.flow import Flow
from mebench.motion.warp import resize
from mebench.protocol import Task
from mebench.runs.clock import Clock


@runtime_checkable
class Selective(Protocol):
    """A dataset that can give chosen frames without making the others, which saves most of the time where frames are
    rendered and a protocol delivers few of them."""

    def clip_frames(self, key: str, frames: Sequence[int]) -> Pixels:
        """The frames ``frames`` of the clip ``key``: the very bytes that the whole clip has there."""
        ...

    def truth_at(self, source: str, driving: str, frames: Sequence[int], gain: float = 1.0) -> Truth:
        """``truth(source, driving, gain)`` at the frames ``frames`` alone: ``frames``, ``action_units``, ``landmarks`` and
        ``pose`` hold those, and ``flow(t, part)`` counts in them."""
        ...


class TaskInputs:
    """The pictures of one task.

    The method sees ``source()`` and ``driving()``: tensors at the recorded size. The metrics see a
    :class:`~mebench.metrics.sample.Sample` at the scoring size. What is expensive and the same for every method
    (decoding, the true answer, its measured flow) is computed once in the life of this object.
    """

    def __init__(self, task: Task, dataset: Dataset, source: Dataset | None = None) -> None:
        """dataset: of the driving clip. source: of the source, when it is another."""
        self.task = task
        self._dataset = dataset
        self._source = source or dataset
        self._reference_flows: Flow | None = None
        self._metrics_memory: dict[Any, Any] = {}

    @cached_property
    def source_image(self) -> Pixels:
        """The source identity as recorded, uint8 ``[H,W,3]``, RGB."""
        if self.task.source_dataset is None and self.task.source == f"onset:{self.task.driving}":
            return np.ascontiguousarray(self.driving_frames[self.task.onset])
        return self._source.portrait(self.task.source).read()

    @cached_property
    def driving_frames(self) -> Pixels:
        """The delivered frames of the driving clip at the recorded size, uint8 ``[T,H,W,3]``, RGB."""
        if isinstance(self._dataset, Selective):
            return self._dataset.clip_frames(self.task.driving, self.task.frames)
        frames = self._dataset.clip(self.task.driving).frames.array()
        if len(frames) <= self.task.frames[-1]:
            raise InputError(
                f"the driving clip '{self.task.driving}' has {len(frames)} frames, but frame {self.task.frames[-1]} is "
                "wanted; check the data set."
            )
        return np.ascontiguousarray(frames[list(self.task.frames)])

    @cached_property
    def truth(self) -> Truth | None:
        """The true answer at the delivered frames; None outside the open set."""
        task = self.task
        if task.source_dataset is not None or not isinstance(self._dataset, OpenDataset):
            return None
        if isinstance(self._dataset, Selective):
            truth = self._dataset.truth_at(task.source, task.driving, task.frames, task.gain or 1.0)
            truth = dataclasses.replace(truth, fps=task.fps, onset=task.onset, apex=task.apex, offset=task.offset)
        else:
            truth = strided(self._dataset.truth(task.source, task.driving, task.gain or 1.0), task)
        if truth.frames.shape[1] != task.size:
            raise ConfigError(
                f"the dataset '{task.dataset}' gives its true answer at {truth.frames.shape[1]} pixels, the protocol "
                f"scores at {task.size}; write 'size: {truth.frames.shape[1]}' into the protocol."
            )
        return truth

    def prepare(self) -> Clock:
        """Decode or render everything now, so that it is not taken for time of the method or of the metrics. Gives the
        time it took, next to none at the second call. Raises :class:`InputError` for data that cannot be read."""
        with Clock() as clock:
            _ = self.source_image, self.driving_frames, self.truth
        return clock

    def source(self) -> Source:
        """The source as a method sees it."""
        return Source(self.task.source_key, tensor(self.source_image[None])[0])

    def driving(self) -> Driving:
        """The driving clip as a method sees it."""
        task = self.task
        frames = tensor(self.driving_frames)
        times = (task.fps, task.onset, task.apex, task.offset)
        return Driving(task.driving_key, frames, *times, task.gain or 1.0)

    def revealed(self) -> Truth:
        """The true answer for an oracle; :class:`Unavailable` outside the open set."""
        if self.truth is None:
            raise Unavailable(f"the dataset '{self.task.dataset}' has no true answer.")
        return self.truth

    def sample(self, output: Pixels) -> Sample:
        """``output`` (uint8 ``[T,S,S,3]``) beside everything that metrics look at."""
        task = self.task
        return Sample(
            source=at_size(self.source_image[None], task.size)[0],
            driving=at_size(self.driving_frames, task.size),
            output=output,
            fps=task.fps,
            onset=task.onset,
            apex=task.apex,
            offset=task.offset,
            truth=self.truth,
            same_identity=task.kind == "self",
            known_reference_flows=self._reference_flows,
            action_units=task.action_units,
            held_out=task.fold,
        ).share(self._metrics_memory)

    def keep_flows_of(self, sample: Sample) -> None:
        """Keep the reference's measured flow, if ``sample`` has computed it, for the next sample of this task."""
        if "reference_flows" in vars(sample):
            self._reference_flows = sample.reference_flows


def strided(truth: Truth, task: Task) -> Truth:
    """``truth`` at the delivered frames of ``task``."""
    kept = list(task.frames)
    if len(truth.frames) <= kept[-1]:
        raise InputError(
            f"the true answer of '{task.key}' has {len(truth.frames)} frames, fewer than its driving clip."
        )
    exact = truth.flow

    def flow(frame: int, part: Part):  # type: ignore[no-untyped-def]
        return exact(kept[frame], part)

    return dataclasses.replace(
        truth,
        frames=np.ascontiguousarray(truth.frames[kept]),
        fps=task.fps,
        onset=task.onset,
        apex=task.apex,
        offset=task.offset,
        action_units=truth.action_units[kept],
        landmarks=truth.landmarks[kept],
        pose=truth.pose[kept],
        flow=flow,
    )


def tensor(frames: Pixels) -> torch.Tensor:
    """uint8 ``[T,H,W,3]`` to float32 ``[T,3,H,W]`` in [0,1]."""
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).to(torch.float32) / 255.0


def pixels(frames: torch.Tensor) -> Pixels:
    """float ``[T,3,H,W]`` to uint8 ``[T,H,W,3]``: clipped to [0,1] and rounded once, ``round(255 x)``."""
    levels = torch.round(frames.detach().to(torch.float32).clamp(0.0, 1.0) * 255.0).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).cpu().numpy())


def at_size(frames: Pixels, size: int) -> Pixels:
    """uint8 ``[T,H,W,3]`` to uint8 ``[T,size,size,3]`` by antialiased bicubic; as they are at that size already."""
    if frames.shape[1:3] == (size, size):
        return frames
    return pixels(resize(tensor(frames), size))
