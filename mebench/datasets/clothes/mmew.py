"""In the clothes of MMEW: folders by emotion without a person, sides on either end of a unit, ``others`` for repression."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mebench.datasets.clothes.recording import Cells, Recording, write_frames, write_workbook

_HEADER = (
    "Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion", "remarks",
)  # fmt: skip
_NUMBERS = {"happiness": 1, "surprise": 2, "anger": 3, "disgust": 4, "fear": 5, "sadness": 6, "repression": 7}


def write(recordings: Sequence[Recording], folder: Path, *, by_person: bool = False) -> None:
    """``MMEW_Final/Micro_Expression/happiness/S03-01-002/1.jpg`` and ``MMEW_Micro_Exp.xlsx``; with ``by_person`` the layout
    of the owners' description, ``S03/happiness/S03-01-002/1.jpg``."""
    rows: list[Cells] = [_HEADER]
    for index, clip in enumerate(recordings):
        emotion = "repression" if clip.emotion == "others" else clip.emotion
        subject = f"S{clip.person:02d}"
        name = f"{subject}-{_NUMBERS[emotion]:02d}-{clip.number:03d}"
        base = folder / subject if by_person else folder / "MMEW_Final" / "Micro_Expression"
        write_frames(base / emotion / name, clip, lambda number: f"{number}.jpg", 1)
        units = "+".join(_sided(unit, index) for unit in clip.units)
        times = (clip.onset + 1, clip.apex + 1, clip.offset + 1)
        word = "others" if emotion == "repression" else emotion
        rows.append((clip.person, name, *times, units, word, None))
    write_workbook(folder / "MMEW_Micro_Exp.xlsx", {"Sheet1": rows})


def _sided(unit: str, index: int) -> str:
    return unit[1:] + unit[0] if index % 2 and unit[0] in "LR" else unit
