"""Magnified drivers on disk: a second backbone, or a run that is started again, does not magnify a clip twice.

A file holds the frames bit for bit. Its name covers everything that they depend on: the driver's pixels and times, the
magnifier with its options and weights, the asked-for factor, the code of the rooms that magnify, and the libraries under
it. A file that is damaged is not read; it is written anew. The oldest files go when the folder passes its limit.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from mebench.clip import Driving
from mebench.errors import ConfigError
from mebench.files import write_bytes
from mebench.home import home

LIMIT = "MEBENCH_MAGNIFIED_GB"
"""Environment variable: gigabytes that are kept at most, 0 for none."""

GIGABYTES = 4.0
"""About 400 clips of 13 frames at 256 px, which are 10 MB each."""

_ANEW: ContextVar[bool] = ContextVar("_ANEW", default=False)

_SPARED: ContextVar[list[Magnified] | None] = ContextVar("_SPARED", default=None)

_ROOMS = ("magnification", "motion")
_HASH, _HEAD = 32, 32
"""Bytes of the hash, and of the numbers before the frames."""


@dataclass(frozen=True)
class Magnified:
    """frames: float32 ``[T,3,H,W]``. factor: that was asked of the magnifier. gain: that it reached, as measured.
    wall, processor: seconds that making it took."""

    frames: torch.Tensor
    factor: float
    gain: float
    wall: float = 0.0
    processor: float = 0.0


def kept(driving: Driving, recipe: dict[str, Any], make: Callable[[], Magnified]) -> Magnified:
    """``make()``, or what it gave for the same driver and ``recipe`` (JSON values) before.

    Raises :class:`~mebench.errors.StorageError` when the folder cannot be written and
    :class:`~mebench.errors.ConfigError` when the limit is no number.
    """
    limit = _limit()
    if limit <= 0.0 or _ANEW.get():
        return make()
    path = folder() / f"{_name(driving, recipe)}.bin"
    found = _read(path, tuple(driving.frames.shape))
    if found is not None:
        return reused(found)
    made = make()
    write_bytes(path, _packed(made))
    _trim(path, limit)
    return made


def reused(driver: Magnified) -> Magnified:
    """``driver``, which was made before; whoever counts time hears of it."""
    counted = _SPARED.get()
    if counted is not None:
        counted.append(driver)
    return driver


@contextmanager
def spared() -> Iterator[list[Magnified]]:
    """The drivers that are reused in a ``with`` block: a clip's cost must not depend on what ran before it."""
    counted: list[Magnified] = []
    token = _SPARED.set(counted)
    try:
        yield counted
    finally:
        _SPARED.reset(token)


@contextmanager
def made_anew() -> Iterator[None]:
    """In a ``with`` block nothing is read or kept: for counting what a clip costs."""
    token = _ANEW.set(True)
    try:
        yield
    finally:
        _ANEW.reset(token)


def folder() -> Path:
    """Where the files lie."""
    return home() / "cache" / "magnified"


def _name(driving: Driving, recipe: dict[str, Any]) -> str:
    pixels = hashlib.sha256(np.ascontiguousarray(driving.frames.numpy()).tobytes()).hexdigest()
    times = [driving.fps, driving.onset, driving.apex]
    text = json.dumps([pixels, list(driving.frames.shape), times, recipe, _code()], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@cache
def _code() -> list[str]:
    """The source of the rooms that magnify, and versions of what is under it."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((Path(__file__).resolve().parents[1] / room).rglob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return [digest.hexdigest(), torch.__version__, cv2.__version__, np.__version__]


def _packed(made: Magnified) -> bytes:
    """SHA-256 of the rest; factor, gain and seconds as float64; the frames as float32."""
    values = np.array([made.factor, made.gain, made.wall, made.processor], dtype="<f8").tobytes()
    body = values + made.frames.contiguous().numpy().astype("<f4", copy=False).tobytes()
    return hashlib.sha256(body).digest() + body


def _read(path: Path, shape: tuple[int, ...]) -> Magnified | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    body = memoryview(data)[_HASH:]
    if hashlib.sha256(body).digest() != data[:_HASH] or len(body) != _HEAD + 4 * int(np.prod(shape)):
        return None
    values = np.frombuffer(body[:_HEAD], dtype="<f8").tolist()
    frames = np.frombuffer(body[_HEAD:], dtype="<f4").astype(np.float32).reshape(shape)
    return Magnified(torch.from_numpy(frames), *values)


def _trim(newest: Path, gigabytes: float) -> None:
    """Remove the oldest files until the folder keeps its limit; another process may be at it too."""
    files = []
    for path in newest.parent.glob("*.bin"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        files.append((status.st_mtime, status.st_size, path))
    excess = sum(size for _, size, _ in files) - gigabytes * 1e9
    for _, size, path in sorted(files):
        if excess <= 0.0:
            break
        if path != newest:
            path.unlink(missing_ok=True)
            excess -= size


def _limit() -> float:
    text = os.environ.get(LIMIT, "")
    try:
        return float(text) if text else GIGABYTES
    except ValueError as error:
        raise ConfigError(f"{LIMIT} is '{text}'; give a number of gigabytes, 0 for none.") from error
