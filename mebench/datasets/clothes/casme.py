"""In the clothes of CASME: blank columns, a backslash for the second apex, zeros that come and go in file names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mebench.datasets.clothes.recording import Cells, Recording, write_frames, write_workbook

FPS = 60.0
_HEADER = (
    "Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "Onset", "Total", "AU", "Emotion",
)  # fmt: skip


def write(recordings: Sequence[Recording], folder: Path) -> None:
    """``CASME_raw_selected/sub01/EP01_5/EP01_5-069.jpg`` and ``casme.xlsx``."""
    rows: list[Cells] = [_HEADER]
    for index, clip in enumerate(recordings):
        name, first = f"EP{clip.number:02d}_{clip.person + clip.number}", clip.first(60, 97)
        padded = index % 2 == 0

        def file(number: int, name: str = name, padded: bool = padded) -> str:
            return f"{name}-{number:03d}.jpg" if padded and number % 3 else f"{name}-{number}.jpg"

        write_frames(folder / "CASME_raw_selected" / f"sub{clip.person:02d}" / name, clip, file, first)
        onset, apex, offset = (first + at for at in (clip.onset, clip.apex, clip.offset))
        times = (round(1000 * (apex - onset) / FPS), round(1000 * (offset - onset + 1) / FPS))
        units = "+".join(clip.units)
        emotion = "comtempt" if clip.emotion == "others" else clip.emotion
        rows.append((clip.person, name, None, onset, apex, "\\", offset, None, *times, units, emotion))
    write_workbook(folder / "casme.xlsx", {"Sheet1": rows})
