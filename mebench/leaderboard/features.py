"""``features.npz``: the vectors of all tasks of a result in one file, so that set metrics can be computed again.

For each encoder the arrays ``<encoder>/<side>/<part>`` float32 ``[N,D]`` (side ``made`` or ``real``, part ``luma`` or
``colour``; a clip without colour is a row of NaN) and ``<encoder>/real_is_driving`` bool ``[N]``, and once ``tasks``, the
keys in the order of the rows.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mebench.bounded_archive import check_archive
from mebench.errors import InputError
from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors

MOST_BYTES = 80_000_000
"""Of all arrays together when unpacked: a small file must not become a large one."""

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


MOST_WORDS = 300
"""Characters of a library's own words that a message quotes."""


def pack(vectors: Mapping[str, Mapping[str, PairVectors]]) -> bytes:
    """The file for vectors by task and encoder; equal vectors give equal bytes."""
    tasks = sorted(key for key, found in vectors.items() if found)
    arrays: dict[str, NDArray[np.generic]] = {"tasks": np.array(tasks, dtype="U200")}
    for name in sorted({name for key in tasks for name in vectors[key]}):
        pairs = [vectors[key].get(name) for key in tasks]
        size = next(len(pair.made.luma) for pair in pairs if pair is not None)
        empty = np.full(size, np.nan, dtype=np.float32)
        for side in ("made", "real"):
            for part in ("luma", "colour"):
                rows = [getattr(getattr(pair, side), part) if pair is not None else None for pair in pairs]
                arrays[f"{name}/{side}/{part}"] = np.stack([empty if row is None else row for row in rows])
        arrays[f"{name}/real_is_driving"] = np.array([pair is not None and pair.real_is_driving for pair in pairs])
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _FIXED_TIME), data.getvalue())
    return target.getvalue()


def unpack(data: bytes, name: str) -> dict[str, dict[str, PairVectors]]:
    """Vectors by task and encoder. :class:`InputError` naming ``name`` for anything that :func:`pack` does not write."""
    try:
        check_archive(io.BytesIO(data), name, MOST_BYTES, most_files=200, most_ratio=2000)  # rows of NaN pack well
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {key: stored[key] for key in stored.files}
        return _by_task(arrays)
    except InputError:
        raise
    except Exception as error:  # a damaged archive raises many things; all mean the same
        reason = " ".join(str(error).split())[:MOST_WORDS]  # some libraries quote the damaged bytes, all of them
        raise InputError(f"{name} holds no vectors as `mebench submit` writes them: {reason}.") from error


def _by_task(arrays: dict[str, NDArray[np.float32]]) -> dict[str, dict[str, PairVectors]]:
    tasks = [str(key) for key in arrays.pop("tasks")]
    names = {key.partition("/")[0] for key in arrays}
    if set(arrays) != {f"{name}/{rest}" for name in names for rest in _ARRAYS}:
        raise ValueError("the arrays have other names")
    if any(len(array) != len(tasks) for array in arrays.values()) or len(set(tasks)) != len(tasks):
        raise ValueError("the arrays do not have one row for each task")
    found: dict[str, dict[str, PairVectors]] = {key: {} for key in tasks}
    for name in sorted(names):
        for index, key in enumerate(tasks):
            sides = [_vector(arrays, f"{name}/{side}", index) for side in ("made", "real")]
            if sides[0] is not None and sides[1] is not None:
                found[key][name] = PairVectors(sides[0], sides[1], bool(arrays[f"{name}/real_is_driving"][index]))
    return found


_ARRAYS = ("made/luma", "made/colour", "real/luma", "real/colour", "real_is_driving")


def _vector(arrays: Mapping[str, NDArray[np.float32]], prefix: str, index: int) -> ClipVector | None:
    luma, colour = (np.asarray(arrays[f"{prefix}/{part}"][index], dtype=np.float32) for part in ("luma", "colour"))
    if luma.ndim != 1 or colour.shape != luma.shape:
        raise ValueError("a vector has one axis")
    if not np.isfinite(luma).all():
        return None
    return ClipVector(colour if np.isfinite(colour).all() else None, luma)
