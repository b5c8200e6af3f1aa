"""In the clothes of CASME II: a slash for an unknown apex, integers beside text for action units, a stray shortcut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mebench.datasets.clothes.recording import Cells, Recording, write_frames, write_workbook
from mebench.files import write_bytes

FPS = 200.0
_HEADER = (
    "Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None, "Action Units", "Estimated Emotion",
)  # fmt: skip


def write(recordings: Sequence[Recording], folder: Path) -> None:
    """``CASME2_RAW_selected/sub01/EP02_01f/img46.jpg`` and ``CASME2-coding-20190701.xlsx``. The raw frames before the
    onset and after the offset are left out, as in that release. The apex of every seventh clip is not given."""
    rows: list[Cells] = [_HEADER]
    for index, clip in enumerate(recordings):
        name, first = f"EP{clip.number:02d}_{clip.person:02d}{'f' if index % 2 else ''}", clip.first(20, 300)
        place = folder / "CASME2_RAW_selected" / f"sub{clip.person:02d}" / name
        outside = frozenset(range(clip.onset)) | frozenset(range(clip.offset + 1, len(clip.frames)))
        write_frames(place, clip, lambda number: f"img{number}.jpg", first, outside)
        apex: object = "/" if index % 7 == 6 else first + clip.apex
        units: object = (
            int(clip.units[0]) if len(clip.units) == 1 and clip.units[0].isdecimal() else "+".join(clip.units)
        )
        times = (first + clip.onset, apex, first + clip.offset)
        rows.append((clip.person, name, None, *times, None, units or "?", clip.emotion))
    if recordings:
        stray = folder / "CASME2_RAW_selected" / f"sub{recordings[0].person:02d}"
        write_bytes(stray / "reg_img1 - Shortcut.lnk", b"L\x00\x00\x00 a shortcut that somebody left")
    write_workbook(folder / "CASME2-coding-20190701.xlsx", {"Sheet1": rows})
