"""Rendered frames on disk: what was rendered once is read back, bit for bit.

Files are lossless and carry a checksum of their pixels. A damaged file is rendered again and replaced; two processes
may render the same clip at once, the later one replaces the file of the earlier by the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2

from mebench.clip import Pixels
from mebench.datasets.synme.kit import load_kit
from mebench.errors import InputError
from mebench.home import home
from mebench.video import read_video, write_lossless

VERSION = "1"
"""Version of the generator: raised whenever the same name gives other pixels, landmarks or plans."""


@cache
def fingerprint() -> str:
    """What defines the data: generator version and kit, 16 hexadecimal digits."""
    return hashlib.sha256(f"synme {VERSION} {load_kit().fingerprint}".encode()).hexdigest()[:16]


@cache
def _folder_name() -> str:
    """The fingerprint, and a digest of the generator's source and of the JPEG codec's version: while the generator is
    being changed, no file of an older state is read."""
    digest = hashlib.sha256(cv2.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{fingerprint()}-{digest.hexdigest()[:8]}"


def folder() -> Path:
    """Where the rendered clips of this generator lie."""
    return home() / "cache" / "synme" / _folder_name()


def older_folders() -> list[Path]:
    """Folders of other states of the generator: nothing reads them any more, unless another installation does."""
    here = folder()
    return sorted(path for path in here.parent.glob("*") if path.is_dir() and path != here)


def usage(path: Path) -> tuple[int, int]:
    """Number of rendered clips in a folder, and their size in bytes; (0, 0) when it does not exist."""
    sizes = [file.stat().st_size for file in path.glob("*.mkv")]
    return len(sizes), sum(sizes)


def stored(name: str, count: int, fps: float, render: Callable[[], Pixels]) -> Pixels:
    """The frames called ``name``, uint8 ``[T,H,W,3]``: read from disk, else rendered and written.

    name: letters, digits, ``-``, ``.`` and ``_``. count: number of frames; a file with another number is replaced.
    Raises :class:`~mebench.errors.StorageError` when the disk is full or the folder cannot be written.
    """
    path = folder() / f"{name}.mkv"
    if path.is_file():
        try:
            frames, _ = read_video(path)
        except InputError:
            path.unlink(missing_ok=True)
        else:
            if len(frames) == count:
                return frames
    frames = render()
    write_lossless(path, frames, fps)
    return frames
