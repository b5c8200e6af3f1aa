"""Folders of frames: names compared without case and Unicode form, frames ordered by their number, listings remembered."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mebench.errors import InputError
from mebench.files import write_text
from mebench.images import SUFFIXES


class Tree:
    """A database's folder. Listings are kept in memory, and in ``cache`` (a JSON file) by the time of last change."""

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        self.root = Path(root)
        self._cache = cache
        self._kept: dict[str, Any] = _read(cache)
        self._changed = False
        self._listed: dict[Path, tuple[list[str], list[str]]] = {}

    def find(self, *parts: str) -> Path | None:
        """The path ``root/parts...`` with each part matched without regard to case, blanks around it and Unicode form;
        None when it is not there."""
        folder = self.root
        for part in parts:
            if part in ("", "."):
                continue
            known = {_plain(name): name for name in self.folders(folder)}
            name = part if part in known.values() else known.get(_plain(part))
            if name is None:
                return None
            folder = folder / name
        return folder

    def folders(self, folder: Path) -> list[str]:
        """Names of the folders in ``folder``, sorted; hidden ones left out."""
        return self._list(folder)[0]

    def walk(self, depth: int) -> Iterator[tuple[str, ...]]:
        """Names of all folders exactly ``depth`` below the root."""
        level: list[tuple[str, ...]] = [()]
        for _ in range(depth):
            level = [(*parts, name) for parts in level for name in self.folders(self.root.joinpath(*parts))]
        yield from level

    def frames(self, folder: Path, pattern: re.Pattern[str]) -> dict[int, str]:
        """Frame number to file name. pattern: on the name without its suffix, case ignored; group 1 is the number.
        Padding may vary; of two files with one number the first name counts. What is no picture is passed over."""
        found: dict[int, str] = {}
        for name in self._list(folder)[1]:
            stem, _, suffix = name.rpartition(".")
            match = pattern.fullmatch(stem)
            if match and f".{suffix.lower()}" in SUFFIXES:
                found.setdefault(int(match[1]), name)
        return dict(sorted(found.items()))

    def save(self) -> None:
        """Keep the listings for the next start."""
        if self._cache is not None and self._changed:
            write_text(self._cache, json.dumps(self._kept, ensure_ascii=False))
            self._changed = False

    def _list(self, folder: Path) -> tuple[list[str], list[str]]:
        if folder in self._listed:
            return self._listed[folder]
        try:
            time = folder.stat().st_mtime_ns
            key = str(folder)
            kept = self._kept.get(key)
            if kept is None or kept[0] != time:
                with os.scandir(folder) as entries:
                    split: tuple[list[str], list[str]] = ([], [])
                    for entry in entries:
                        if not entry.name.startswith("."):
                            split[0 if entry.is_dir() else 1].append(entry.name)
                kept = [time, sorted(split[0]), sorted(split[1])]
                self._kept[key] = kept
                self._changed = True
        except FileNotFoundError:
            kept = [0, [], []]
        except OSError as error:
            raise InputError(f"cannot list the folder {folder}: {error.strerror or error}.") from error
        self._listed[folder] = (kept[1], kept[2])
        return self._listed[folder]


def _read(cache: Path | None) -> dict[str, Any]:
    """The remembered listings; none when there is no file or it is damaged (they are only remembered)."""
    if cache is None:
        return {}
    try:
        value = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().casefold()
