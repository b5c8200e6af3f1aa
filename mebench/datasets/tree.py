"""Folders of frames: names compared without case and Unicode form, frames ordered by their number, listings remembered.

Plain files and folders count alone. A link that leads out of the database is followed only when its user said so, and a
name with characters that cannot be seen is passed over; both are told.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mebench.errors import InputError
from mebench.files import write_text
from mebench.images import SUFFIXES
from mebench.names import trick, visible

ANY = None
"""Stands for every folder, in :meth:`Tree.places`; no name in an annotation can say it."""


class Tree:
    """A database's folder. Listings are kept in memory, and in ``cache`` (a JSON file) by the time of last change.

    links: follow links that lead out of ``root``. passed_over: what is there and not used, with the reason.
    """

    def __init__(self, root: Path, cache: Path | None = None, *, links: bool = False) -> None:
        self.root = Path(root)
        self.links = links
        self.passed_over: dict[str, str] = {}
        self._cache = cache
        self._kept: dict[str, Any] = _read(cache)
        self._changed = False
        self._listed: dict[Path, tuple[list[str], list[str]]] = {}

    def find(self, *parts: str) -> Path | None:
        """The path ``root/parts...`` with each part matched without regard to case, blanks around it and Unicode form;
        None when it is not there."""
        return next(self.places([str(part) for part in parts if part not in ("", ".")]), None)

    def places(self, parts: Sequence[str | None], folder: Path | None = None) -> Iterator[Path]:
        """Every path below ``root`` that ``parts`` lead to, compared as :meth:`find` does; :data:`ANY` is each folder."""
        folder = folder or self.root
        if not parts:
            yield folder
            return
        known = self.folders(folder)
        part = parts[0]
        if part is ANY:
            fitting = known
        elif part in known:
            fitting = [part]
        else:
            fitting = [name for name in known if _plain(name) == _plain(part)][:1]
        for name in fitting:
            yield from self.places(parts[1:], folder / name)

    def folders(self, folder: Path) -> list[str]:
        """Names of the folders in ``folder``, sorted; hidden ones left out."""
        return self._list(folder)[0]

    def files(self, folder: Path) -> list[str]:
        """Names of the plain files in ``folder``, sorted; hidden ones left out."""
        return self._list(folder)[1]

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
            key = f"{folder} {self.links}"
            kept = self._kept.get(key)
            if not isinstance(kept, list) or len(kept) != 4 or kept[0] != time:
                kept = [time, *self._scan(folder)]
                self._kept[key] = kept
                self._changed = True
        except FileNotFoundError:
            kept = [0, [], [], {}]
        except OSError as error:
            raise InputError(
                f"cannot list the folder {folder}: {error.strerror or error}; connect its disk or check the path."
            ) from error
        self.passed_over.update(kept[3])
        self._listed[folder] = (kept[1], kept[2])
        return self._listed[folder]

    def _scan(self, folder: Path) -> tuple[list[str], list[str], dict[str, str]]:
        """Folders, plain files and, with the reason, what is passed over."""
        folders, files, passed_over = [], [], {}
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                wrong = trick(entry.name)
                if wrong is None and entry.is_symlink() and not self.links and not self._inside(Path(entry.path)):
                    wrong = "is a link that leads out of the folder"
                if wrong is not None:
                    passed_over[visible(str(Path(entry.path).relative_to(self.root)))] = wrong
                elif entry.is_dir():
                    folders.append(entry.name)
                elif entry.is_file():  # no pipe and no device, which would keep a reader waiting
                    files.append(entry.name)
        return sorted(folders), sorted(files), passed_over

    def _inside(self, path: Path) -> bool:
        try:
            return path.resolve(strict=True).is_relative_to(self.root.resolve())
        except (OSError, RuntimeError):  # broken, or a link to itself
            return False


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
