"""The files that a clip's frames are read from, as far as it shows from outside: what is made of them is kept only while
they stay as they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

from mebench.datasets.contract import Dataset


@runtime_checkable
class FromFiles(Protocol):
    """A dataset whose frames are files on this machine."""

    def frames_state(self, key: str) -> str:
        """Changes when a frame file of the clip ``key`` does; empty where there are none. For what is kept on this
        machine: unlike the fingerprint it differs from one copy of a database to the next."""
        ...


def frames_state(dataset: Dataset, key: str) -> str:
    """That of a dataset, and empty for one that makes its frames."""
    return dataset.frames_state(key) if isinstance(dataset, FromFiles) else ""


def state(files: Iterable[Path]) -> str:
    """Hash of paths, sizes and times of last change, 16 hexadecimal digits. A file that is gone counts as such."""
    seen = [[str(path), *_seen(path)] for path in files]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def sizes(files: Iterable[Path]) -> list[int]:
    """In bytes, 0 for a file that is gone: the same for every copy of a database."""
    return [_seen(path)[0] for path in files]


def _seen(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
