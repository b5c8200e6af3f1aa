"""Which files a submission may hold, and how large: checked on names and sizes before anything is read."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

RESULT = r"[a-z0-9][a-z0-9-]{0,39}--[a-z0-9][a-z0-9-]{0,39}--[0-9a-f]{8}"

ALLOWED: tuple[tuple[str, int], ...] = (
    (r"card\.yaml", 50_000),
    (r"manifest\.json", 500_000),
    (r"trust\.json", 200_000),
    (rf"results/{RESULT}/run\.json", 200_000),
    (rf"results/{RESULT}/clips\.csv", 5_000_000),
    (rf"results/{RESULT}/bounds\.csv", 5_000_000),
    (rf"results/{RESULT}/summary\.json", 2_000_000),
    (rf"results/{RESULT}/features\.npz", 20_000_000),
    (rf"results/{RESULT}/costs\.json", 50_000),
    (rf"results/{RESULT}/motion\.json", 60_000),
    (rf"results/{RESULT}/aggregates\.json", 2_000_000),
    (rf"results/{RESULT}/previews/clips\.json", 200_000),
    (rf"results/{RESULT}/previews/[A-Za-z0-9][A-Za-z0-9._-]{{0,119}}\.jpg", 400_000),
)
"""Path below the submission (the whole of it) and the bytes that it may hold."""

MOST_FILES = 500
MOST_BYTES = 40_000_000
MOST_PREVIEWS = 2
"""Clips of one result."""

_DEPTH = 4
_PATTERNS = [(re.compile(pattern), size) for pattern, size in ALLOWED]


@dataclass(frozen=True)
class Listing:
    """files: size by path with ``/``. problems: (path, what is wrong)."""

    files: dict[str, int]
    problems: list[tuple[str, str]]


def listing(folder: Path) -> Listing:
    """Everything below ``folder``, without following a link and without opening a file."""
    files: dict[str, int] = {}
    problems: list[tuple[str, str]] = []
    waiting = [("", folder, 0)]
    while waiting:
        prefix, current, depth = waiting.pop()
        with os.scandir(current) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                path = f"{prefix}{entry.name}"
                info = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(info.st_mode):
                    if depth + 1 >= _DEPTH:
                        problems.append((path, "lies too deep; see docs/submit.md for the layout"))
                    else:
                        waiting.append((f"{path}/", Path(entry.path), depth + 1))
                elif (wrong := _wrong(path, info)) is not None:
                    problems.append((path, wrong))
                else:
                    files[path] = info.st_size
                if len(files) + len(problems) > MOST_FILES:
                    return Listing(files, [*problems, ("", f"more than {MOST_FILES} files")])
    if sum(files.values()) > MOST_BYTES:
        problems.append(("", f"{sum(files.values())} bytes in all; at most {MOST_BYTES}"))
    return Listing(dict(sorted(files.items())), problems)


def size_allowed(path: str) -> int | None:
    """How many bytes a file at ``path`` may hold; None where no file may be."""
    return next((size for pattern, size in _PATTERNS if pattern.fullmatch(path)), None)


def _wrong(path: str, info: os.stat_result) -> str | None:
    if stat.S_ISLNK(info.st_mode):
        return "is a link; a submission holds plain files"
    if not stat.S_ISREG(info.st_mode):
        return "is not a plain file"
    if info.st_mode & 0o111:
        return "is marked executable; a submission is data"
    size = size_allowed(path)
    if size is None:
        return "is no file of a submission; see docs/submit.md for the layout"
    if info.st_size > size:
        return f"holds {info.st_size} bytes; at most {size}"
    return None
