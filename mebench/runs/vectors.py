"""The stored vectors of set metrics: ``features/<task>.npz``, so that a set can be compared again without its clips."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors

_SIDES = ("made", "real")


def vector_bytes(vectors: Mapping[str, PairVectors]) -> bytes:
    """The file for the vectors of one task by encoder; equal vectors give equal bytes."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name in sorted(vectors):
        pair = vectors[name]
        arrays[f"{name}/real_is_driving"] = np.array(pair.real_is_driving)
        for side, clip in zip(_SIDES, (pair.made, pair.real), strict=True):
            arrays[f"{name}/{side}/luma"] = clip.luma
            if clip.colour is not None:
                arrays[f"{name}/{side}/colour"] = clip.colour
    target = io.BytesIO()
    np.savez(target, **arrays)  # type: ignore[arg-type]
    return target.getvalue()


def read_vectors(data: bytes) -> dict[str, PairVectors]:
    """What :func:`vector_bytes` wrote. ValueError, OSError or KeyError for anything else."""
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        names = sorted({key.partition("/")[0] for key in stored.files})
        return {name: _pair(stored, name) for name in names}


def _pair(stored: Mapping[str, NDArray[np.float32]], name: str) -> PairVectors:
    made, real = (ClipVector(stored.get(f"{name}/{side}/colour"), stored[f"{name}/{side}/luma"]) for side in _SIDES)
    return PairVectors(made, real, bool(stored[f"{name}/real_is_driving"]))
