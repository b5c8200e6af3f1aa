"""Landmarks of output and reference as the 468-point mesh sees them, tracked once for all metrics that read them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import InputError, Unavailable
from mebench.metrics.sample import Sample
from mebench.motion.landmarks import IBUG68, track_mesh

FRAMES = 16
"""Tracked frames: evenly spaced, with the apex and the onset. The network takes 2 to 4 ms a frame."""

Points = NDArray[np.float64]


def tracked_frames(sample: Sample) -> list[int]:
    """The frames in which landmarks are tracked, in order."""
    return sorted({sample.onset, *sample.spread(FRAMES)})


def output_points(sample: Sample) -> Points | None:
    """The 68 points of the mesh in the tracked frames of the output, float64 ``[K,68,2]`` pixels; None when the face is
    lost. Through ``sample.once``."""
    try:
        return _track(sample.comparable[0], sample, "the output")
    except InputError:
        return None


def reference_points(sample: Sample) -> Points:
    """The same of the reference. Through ``sample.once_a_task``. :class:`~mebench.errors.Unavailable` when the face is
    lost."""
    try:
        return _track(sample.comparable[1], sample, "the reference")
    except InputError as error:
        raise Unavailable(f"no landmarks were found in the reference: {error}") from error


def _track(clip: Pixels, sample: Sample, name: str) -> Points:
    frames = tracked_frames(sample)
    mesh = track_mesh(clip[frames], frames.index(sample.onset), name)
    return mesh[:, list(IBUG68)].astype(np.float64)
