"""In the clothes of CAS(ME)^3 part A: whole recordings with several expressions, gaps, one letter in upper case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mebench.datasets.clothes.recording import Cells, Recording, write_frames, write_workbook

_HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
_LETTERS = "abcdefghiJklm"


def write(recordings: Sequence[Recording], folder: Path) -> None:
    """``part_A/spNO.149/d/color/112.jpg`` and ``cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx``. Two clips of a person share a
    recording. A frame of every fourth clip is missing. Sheet and folder disagree on the case of one letter."""
    rows: list[Cells] = [_HEADER]
    for index, clip in enumerate(recordings):
        subject, letter = f"spNO.{clip.person}", _LETTERS[(clip.number - 1) // 2 % len(_LETTERS)]
        first = 1 + 500 * ((clip.number - 1) % 2)
        gap = frozenset({clip.offset - 1}) if index % 4 == 3 and clip.offset - 1 > clip.apex else frozenset()
        write_frames(folder / "part_A" / subject / letter / "color", clip, lambda number: f"{number}.jpg", first, gap)
        times = (first + clip.onset, first + clip.apex, first + clip.offset)
        emotion = "sad" if clip.emotion == "sadness" else clip.emotion.capitalize() if index % 6 == 5 else clip.emotion
        rows.append((subject, letter.lower(), *times, "+".join(clip.units), "I", emotion))
    write_workbook(folder / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", {"label": rows})
