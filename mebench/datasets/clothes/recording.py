"""A clip before it is dressed, and what all writers share: numbered image files, words for emotions, workbooks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mebench.clip import Pixels
from mebench.files import storage_errors, write_bytes, write_whole

Cells = Sequence[object]

QUALITY = 97
"""Of the JPEG files."""


@dataclass(frozen=True)
class Recording:
    """person, number: who, and which of the person's clips, from 1. frames: uint8 ``[T,H,W,3]``, the frame rate of the
    database. onset, apex, offset: indices in ``frames``. units: FACS names with side, ``("4", "L12")``. key: where it
    comes from."""

    person: int
    number: int
    frames: Pixels
    onset: int
    apex: int
    offset: int
    units: tuple[str, ...]
    key: str = ""

    @property
    def emotion(self) -> str:
        """A word that annotators might have used for these units."""
        numbers = {name.lstrip("LR") for name in self.units}
        for word, units in _EMOTIONS:
            if units & numbers:
                return word
        return "others"

    def first(self, low: int, high: int) -> int:
        """A frame number at which the long recording might have been cut, always the same for this clip."""
        digest = hashlib.sha256(f"{self.person}/{self.number}".encode()).digest()
        return low + int.from_bytes(digest[:4], "big") % (high - low + 1)


_EMOTIONS = (
    ("happiness", {"12", "6"}),
    ("surprise", {"1", "2", "5"}),
    ("disgust", {"9", "10", "4"}),
    ("sadness", {"15"}),
    ("repression", {"14", "17"}),
)


def write_frames(
    folder: Path, recording: Recording, name: Callable[[int], str], first: int, skip: frozenset[int] = frozenset()
) -> None:
    """The frames of ``recording`` as ``folder/name(n)``, n from ``first``; the indices in ``skip`` are left out.

    The format follows the suffix: ``.jpg`` or ``.bmp``. Pictures that are grey in all channels are written in grey.
    """
    grey = bool((recording.frames[..., :1] == recording.frames).all())
    # Written from the last to the first: a listing of the folder then comes in no useful order on many file systems.
    for index in reversed(range(len(recording.frames))):
        if index in skip:
            continue
        path = folder / name(first + index)
        frame = recording.frames[index]
        picture = frame[..., 0] if grey else frame[..., ::-1]
        options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if path.suffix == ".jpg" else []
        done, data = cv2.imencode(path.suffix, np.ascontiguousarray(picture), options)
        assert done, path.suffix
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data.tobytes())


def write_workbook(path: Path, sheets: dict[str, Sequence[Cells]]) -> None:
    """An ``.xlsx`` file with the ``sheets`` in their order; None leaves a cell empty."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
            for cell in sheet[sheet.max_row]:
                if cell.data_type == "f":  # text that begins with "=" stays text
                    cell.data_type = "s"
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, book.save)


def people(recordings: Sequence[Recording]) -> list[int]:
    """Numbers of the persons, sorted."""
    return sorted({recording.person for recording in recordings})
