"""From recorded frames to faces: one transform a clip, taken from its onset frame, as the protocol states it.

Aligning every frame for itself moves the face by more than a micro-expression does, so the crop is made once, and head
motion is at most removed as one smooth rigid motion, found by points that expressions hardly move.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from mebench.clip import Clip, Frames, Pixels, Portrait
from mebench.datasets.contract import CheckReport, Dataset, OpenDataset, Split, cohort
from mebench.datasets.frame_files import frames_state
from mebench.errors import InputError
from mebench.home import home

VERSION = "1"
"""Raised whenever the same frames are prepared to other pixels."""

SMOOTHING_S = 0.08
"""Standard deviation in seconds of the Gaussian over time on rigid motion: shorter than head motion, and long enough to
average the wander of the landmarks, about 0.1 px a frame, over ten and more frames at 200 a second."""


class Preparation(BaseModel):
    """What a protocol says under ``preparation``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    crop: Literal["eyes"] = "eyes"
    """The framing of the open set: eyes level, at one place and distance, found on the onset frame."""
    align: Literal["onset", "rigid"] = "onset"
    """``onset``: the transform of the onset frame for every frame; head motion stays. ``rigid``: also a similarity for
    every frame, fitted on eye corners and nose and smoothed over time, so that slow head motion is taken out."""
    size: int = Field(default=256, ge=64, le=1024)
    """Side of the prepared frames in pixels."""


def prepared(dataset: Dataset, preparation: Preparation | None) -> Dataset:
    """``dataset`` with its frames prepared. The open set comes as faces and stays as it is."""
    if preparation is None or isinstance(dataset, OpenDataset):
        return dataset
    return Prepared(dataset, preparation)


class Prepared:
    """A dataset whose frames are faces of one size. Prepared clips are kept without loss in the home folder."""

    def __init__(self, dataset: Dataset, preparation: Preparation) -> None:
        self._dataset = dataset
        self._preparation = preparation
        self.name = dataset.name
        self.terms = dataset.terms
        self.domains = dataset.domains
        self.coded = getattr(dataset, "coded", None)
        self.cohort = cohort(dataset)

    def clips(self, split: Split = "benchmark") -> Sequence[Clip]:
        """The clips of the dataset; their frames are prepared when they are read."""
        return [self._wrapped(clip) for clip in self._dataset.clips(split)]

    def portraits(self, split: Split = "benchmark") -> Sequence[Portrait]:
        """The portraits of the dataset, cropped when they are read."""
        return [self._cropped(portrait) for portrait in self._dataset.portraits(split)]

    def clip(self, key: str) -> Clip:
        """The clip called ``key``."""
        return self._wrapped(self._dataset.clip(key))

    def portrait(self, key: str) -> Portrait:
        """The portrait called ``key``."""
        return self._cropped(self._dataset.portrait(key))

    def check(self) -> CheckReport:
        """What is there of the dataset."""
        return self._dataset.check()

    def fingerprint(self) -> str:
        """Of the dataset, with how it is prepared."""
        content = f"{self._dataset.fingerprint()} {self._preparation.model_dump_json()} {VERSION}"
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def frames_state(self, key: str) -> str:
        """That of the dataset: see :class:`~mebench.datasets.frame_files.FromFiles`."""
        return frames_state(self._dataset, key)

    def _wrapped(self, clip: Clip) -> Clip:
        side = self._preparation.size
        return dataclasses.replace(clip, frames=Frames(clip.frames.count, side, side, partial(self._read, clip)))

    def _cropped(self, portrait: Portrait) -> Portrait:
        return dataclasses.replace(portrait, read=partial(self._read_portrait, portrait))

    def _read(self, clip: Clip) -> Pixels:
        from mebench.video import read_video, write_lossless

        path = self._place(clip.key)
        if path.is_file():
            try:
                frames, _ = read_video(path)
            except InputError:
                path.unlink(missing_ok=True)  # damaged: made again
            else:
                if len(frames) == clip.frames.count:
                    return frames
        frames = prepare(clip.frames.array(), clip.onset, clip.fps, self._preparation, f"{clip.dataset} {clip.key}")
        write_lossless(path, frames, clip.fps)
        return frames

    def _read_portrait(self, portrait: Portrait) -> Pixels:
        from mebench.motion.crop import face_crop

        image = portrait.read()
        return face_crop(image, f"{portrait.dataset} {portrait.key}", self._preparation.size).apply(image)

    def _place(self, key: str) -> Path:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", key).strip("-.")
        digest = hashlib.sha256(f"{key} {self.frames_state(key)}".encode()).hexdigest()[:16]
        return home() / "cache" / "prepared" / self.name / self.fingerprint() / f"{plain}-{digest}.mkv"


def prepare(frames: Pixels, onset: int, fps: float, preparation: Preparation, name: str = "the clip") -> Pixels:
    """uint8 ``[T,H,W,3]`` as faces uint8 ``[T,size,size,3]``. Raises :class:`InputError` naming the clip when no face is
    found on the onset frame, or when ``rigid`` loses it."""
    from mebench.motion.crop import face_crop

    crop = face_crop(frames[onset], f"frame {onset} of {name}", preparation.size)
    if preparation.align == "onset":
        return crop.apply(frames)
    moved = [
        dataclasses.replace(crop, matrix=_after(crop.matrix, step)) for step in rigid_motion(frames, onset, fps, name)
    ]
    return np.concatenate([each.apply(frame[None]) for each, frame in zip(moved, frames, strict=True)])


def rigid_motion(frames: Pixels, onset: int, fps: float, name: str = "the clip") -> list[NDArray[np.float64]]:
    """For each frame the similarity ``[2,3]`` that takes it back to the onset frame, pixels; the identity at the onset.

    Fitted to :data:`mebench.motion.landmarks.RIGID` after the points were smoothed over time with
    :data:`SMOOTHING_S`.
    """
    from mebench.motion.landmarks import RIGID, track_mesh
    from mebench.motion.similarity import similarity

    points = track_mesh(frames, onset, name)[:, RIGID]
    smooth = _smoothed(points - points[onset], SMOOTHING_S * fps)
    smooth += points[onset] - smooth[onset]
    steps = []
    for each in smooth.astype(np.float32):
        fitted = similarity(each, smooth[onset].astype(np.float32))
        steps.append(np.column_stack((fitted.linear, fitted.offset)))
    return steps


def _smoothed(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian over the first axis, its ends repeated."""
    flat = values.reshape(len(values), -1)
    if sigma < 0.3 or len(values) < 2:
        return np.array(values, dtype=np.float32)
    size = 2 * int(np.ceil(3 * sigma)) + 1
    blurred = cv2.GaussianBlur(flat, (1, size), sigmaX=0.01, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    return np.reshape(np.asarray(blurred, dtype=np.float32), values.shape)


def _after(matrix: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    """``matrix`` applied to what ``step`` gives: both ``[2,3]``."""
    linear = matrix[:, :2] @ step[:, :2]
    shift = matrix[:, :2] @ step[:, 2] + matrix[:, 2]
    return np.asarray(np.column_stack((linear, shift)), dtype=np.float64)
