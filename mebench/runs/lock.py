"""One process at a time on a run folder. The system lets go of the lock when its process ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mebench.errors import ConfigError
from mebench.files import storage_errors


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process; :class:`ConfigError` names the process that holds it already."""
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _acquire(handle):
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""
            who = f"process {holder}" if holder else "another process"
            raise ConfigError(f"{who} is working on {folder}; wait until it ends, or choose another folder with --out.")
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode("ascii"))
        yield
    finally:
        os.close(handle)


def _acquire(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return _acquire_on_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks (some network shares): nobody can hold anything there
    return True


def _acquire_on_windows(handle: int) -> bool:
    import msvcrt

    try:
        os.lseek(handle, 64, os.SEEK_SET)  # behind the number of the process, which others must be able to read
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    finally:
        os.lseek(handle, 0, os.SEEK_SET)
    return True
