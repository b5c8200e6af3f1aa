"""Identity embeddings of the pictures of a sample, each picture embedded once for all metrics and all methods."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import Unavailable
from mebench.metrics.sample import Sample

EVEN_FRAMES = 5
"""Judged frames: the apex and five evenly spaced ones from the first to the last."""

Embedding = NDArray[np.float64]
Recogniser = Callable[[Pixels], "Embedding | None"]
"""An RGB image uint8 ``[H,W,3]`` to the embedding of its largest face; None where no face is found."""


@dataclass(frozen=True)
class Faces:
    """Embeddings of the source image and of the judged output frames (None where no face is found)."""

    source: Embedding
    output: Sequence[Embedding | None]


def faces(sample: Sample, recogniser: Recogniser) -> Faces:
    """The embeddings of one network; :class:`~mebench.errors.Unavailable` if the source image shows no face."""
    source = embed(sample, recogniser, sample.source)
    if source is None:
        raise Unavailable("no face was found in the source image.")
    return Faces(source, [embed(sample, recogniser, sample.output[t]) for t in sample.spread(EVEN_FRAMES)])


def driving_face(sample: Sample, recogniser: Recogniser) -> Embedding:
    """The embedding of the driving clip's onset frame."""
    found = embed(sample, recogniser, sample.driving[sample.onset])
    if found is None:
        raise Unavailable("no face was found in the driving clip.")
    return found


def embed(sample: Sample, recogniser: Recogniser, image: Pixels) -> Embedding | None:
    """The embedding of one picture, remembered by its bytes for the samples of the task."""
    key = recogniser, hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()
    memory = sample.once_a_task(_memory)
    if key not in memory:
        memory[key] = recogniser(image)
    return memory[key]


def _memory(sample: Sample) -> dict[tuple[Recogniser, bytes], Embedding | None]:
    return {}
