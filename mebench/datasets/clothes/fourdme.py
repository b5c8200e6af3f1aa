"""In the clothes of 4DME: frames as decimals, action units with ``AU``, stray blanks and ``(k)``, a column for each unit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mebench.datasets.clothes.recording import Cells, Recording, write_frames, write_workbook

_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 45)
_CLASSES = ("Positive", "Negative", "Surprise", "Repression", "Others")
_WORDS = {"happiness": "Positive", "surprise": "Surprise", "repression": "Repression", "others": "Others"}


def write(recordings: Sequence[Recording], folder: Path) -> None:
    """``gray_micro/S08/S08_002_01_1/1204.jpg`` and ``4DME_Labelling_Micro_release v1.xlsx``. Every third clip also has a unit
    that is marked as not of the expression."""
    header = ("sub_ID", "fold_name", "Emotion", "Onset", "Apex", "Offset", "AUs", *[f"AU{u}" for u in _UNITS], "fold")
    rows: list[Cells] = [(*header, "eye blink", *_CLASSES)]
    for index, clip in enumerate(recordings):
        subject = f"S{clip.person:02d}"
        name, first = f"{subject}_{clip.number:03d}_01_1", clip.first(1000, 4000)
        write_frames(folder / "gray_micro" / subject / name, clip, lambda number: f"{number}.jpg", first)
        text = "AU" + "+ ".join(clip.units) if index % 2 else "AU" + "+".join(clip.units)
        if index % 3 == 2:
            text += "+45(k)"
        emotion = _WORDS.get(clip.emotion, "Negative")
        words = f"{emotion}+Others" if index % 4 == 3 else emotion
        coded = {int(unit.lstrip("LR")) for unit in clip.units}
        times = (float(first + clip.onset), float(first + clip.apex), float(first + clip.offset))
        columns = [int(unit in coded) for unit in _UNITS]
        classes = [int(each in words.split("+")) for each in _CLASSES]
        rows.append((subject, name, words, *times, text, *columns, 1 + index % 5, 0, *classes))
    write_workbook(folder / "4DME_Labelling_Micro_release v1.xlsx", {"Sheet1": rows})
