"""Files are written whole or not at all: to a temporary name beside the target, flushed, then renamed."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mebench.errors import StorageError
from mebench.home import home

_ELSEWHERE = ("choose another one", "choose a folder that you may write")

_FIXES = {
    errno.ENOSPC: "the disk is full; free some space and start the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and start the same command again",
    errno.EROFS: "the folder is read-only; choose another one",
    errno.EACCES: "permission is denied; choose a folder that you may write",
    errno.ENOTDIR: "a file stands where a folder should be; choose another place",
    errno.EEXIST: "a file stands where a folder should be; choose another place",
    errno.EIO: "the disk reported an input/output error; check it and start the same command again",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals while writing ``path`` into a :class:`StorageError` with a fix."""
    try:
        yield
    except OSError as error:
        fix = _FIXES.get(error.errno or 0)
        if fix is None:
            raise
        if fix.endswith(_ELSEWHERE) and Path(path).absolute().is_relative_to(home().absolute()):
            fix += "; MEBENCH_HOME names the folder of caches"
        raise StorageError(f"cannot write {path}: {fix}.") from error


def write_whole(path: Path, writer: Callable[[Path], None]) -> None:
    """Call ``writer`` with a temporary path beside ``path`` (same suffix), then rename it to ``path``.

    A reader sees the old file or the complete new one, also after a crash at any moment.
    Raises :class:`StorageError` when the disk is full or the folder cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            writer(temporary)
            with open(temporary, "rb") as handle:
                os.fsync(handle.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 ``text`` with Unix line ends, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data``, whole or not at all."""
    write_whole(path, lambda temporary: _write(temporary, data))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON (keys in the order given; NaN and infinity are refused)."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
