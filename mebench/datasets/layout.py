"""Where a database keeps its frames: patterns tried in order, the first that holds half of the annotated clips is used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mebench.datasets.annotation import Row
from mebench.datasets.tree import ANY, Tree

_ENOUGH = 0.5


@dataclass(frozen=True)
class Layout:
    """name: for people. folder: ``/``-separated parts with ``{subject}``, ``{name}`` and the words of ``Row.path``; a part
    ``*`` is any folder. frame: pattern of a file's name without suffix; ``{name}`` is replaced, group 1 is the frame
    number."""

    name: str
    folder: str
    frame: str

    def place(self, tree: Tree, row: Row) -> tuple[Path, dict[int, str]] | None:
        """The folder of a clip and its frames (number to file name); None where no folder holds any."""
        words = {"subject": row.subject, "name": row.name, **row.path}
        parts: list[str | None] = []
        for part in self.folder.split("/"):
            try:
                parts += [ANY] if part == "*" else [each for each in part.format(**words).split("/") if each != "."]
            except KeyError:
                return None
        if "" in parts:
            return None
        for folder in tree.places(parts):
            if frames := tree.frames(folder, self.pattern(row)):
                return folder, frames
        return None

    def pattern(self, row: Row) -> re.Pattern[str]:
        """What the names of its frames look like."""
        words = {"subject": row.subject, "name": row.name, **row.path}
        text = self.frame
        for key, value in words.items():
            text = text.replace("{" + key + "}", re.escape(value))
        return re.compile(text, re.IGNORECASE)


@dataclass(frozen=True)
class Resolved:
    """The layout in use (None when none fits) and, by key, the folder and the frames (number to file name) of the clips
    that were found."""

    layout: Layout | None
    places: dict[str, tuple[Path, dict[int, str]]]


def resolve(tree: Tree, layouts: Sequence[Layout], rows: Sequence[Row]) -> Resolved:
    """Find the clips. Where no layout holds half of them, the one that holds most."""
    best = Resolved(None, {})
    for layout in layouts:
        places = {row.key: place for row in rows if (place := layout.place(tree, row)) is not None}
        if len(places) > len(best.places):
            best = Resolved(layout, places)
        if rows and len(places) >= _ENOUGH * len(rows):
            return Resolved(layout, places)
    return best


def below(prefixes: Sequence[str], name: str, folder: str, frame: str) -> list[Layout]:
    """One layout for each folder that the release may be wrapped in; the empty prefix is the folder itself."""
    return [
        Layout(f"{name}{f' in {prefix}' if prefix else ''}", f"{prefix}/{folder}".lstrip("/"), frame)
        for prefix in prefixes
    ]
