"""In the clothes of CAS(ME)^2: a workbook of three sheets without headers, long videos as frames, an offset of 0."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mebench.datasets.clothes.recording import Cells, Recording, write_frames, write_workbook

_FILMS = ("anger1", "disgust1", "happy4", "happy5")
_CODES = ("0401", "0101", "0503", "0505")


def write(recordings: Sequence[Recording], folder: Path) -> None:
    """``rawpic/s15/15_0505happy5/img012.jpg`` and ``CAS(ME)^2code_final.xlsx``. The sheet also holds a macro-expression a
    person. The offset of every fifth clip is 0, unknown; the one before it is the apex, so that frames are there."""
    labels: list[Cells] = []
    participants: list[Cells] = []
    for index, clip in enumerate(recordings):
        number, film = 14 + clip.person, (clip.number - 1) % len(_FILMS)
        if clip.person not in [row[0] for row in participants]:
            participants.append((clip.person, number))
            labels.append((clip.person, "happy4_1", 1, 20, 90, "6+12", "positive", "macro-expression", "happiness"))
        place = folder / "rawpic" / f"s{number}" / f"{number}_{_CODES[film]}{_FILMS[film]}"
        # Several clips of one film follow each other in the recording.
        first = 1 + 400 * ((clip.number - 1) // len(_FILMS))
        write_frames(place, clip, lambda number: f"img{number:03d}.jpg", first)
        times = (first + clip.onset, first + clip.apex, 0 if index % 5 == 4 else first + clip.offset)
        name = f"{_FILMS[film]}_{clip.number}"
        labels.append((clip.person, name, *times, "+".join(clip.units), clip.emotion, "micro-expression", clip.emotion))
    films = list(zip(_FILMS, _CODES, strict=True))
    sheets: dict[str, Sequence[Cells]] = {
        "CASMEcode_final": labels,
        "naming rule1": participants,
        "naming rule2": films,
    }
    write_workbook(folder / "CAS(ME)^2code_final.xlsx", sheets)
