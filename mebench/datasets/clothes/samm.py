"""In the clothes of SAMM: thirteen rows of prose, numbers of a long recording, grey pictures, intensities as letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from mebench.datasets.clothes.recording import Cells, Recording, write_frames, write_workbook

FPS = 200.0
_HEADER = (
    "Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro",
    "Action Units", "Estimated Emotion", "Objective Classes", "Notes",
)  # fmt: skip


def write(recordings: Sequence[Recording], folder: Path) -> None:
    """``SAMM/006/006_1_2/006_05562.jpg`` and ``SAMM_Micro_FACS_Codes_v2.xlsx``. Every second subject has lost its zeros, as
    spreadsheets do. Apexes of every ninth clip lie out of range."""
    rows: list[Cells] = [
        ("Notes on the coding of the clips",),
        *[(None,)] * 3,
        *[("Prose of the annotators.",)] * 9,
        _HEADER,
    ]
    for index, clip in enumerate(recordings):
        subject = f"{clip.person:03d}"
        name, first = f"{subject}_{1 + clip.number % 7}_{clip.number}", clip.first(500, 9000)
        grey = replace(clip, frames=_grey(clip.frames))
        place = folder / "SAMM" / subject / name
        write_frames(place, grey, lambda number, subject=subject: f"{subject}_{number:05d}.jpg", first)  # type: ignore[misc]
        onset, offset = first + clip.onset, first + clip.offset
        apex = onset - 40 if index % 9 == 8 else first + clip.apex
        written: object = clip.person if index % 2 else subject
        units = "+".join(_graded(unit, place) for place, unit in enumerate(clip.units))
        rows.append(
            (
                written,
                name,
                1,
                onset,
                apex,
                offset,
                offset - onset + 1,
                "Micro - 1/2",
                units,
                clip.emotion.capitalize(),
                1,
                None,
            )
        )
    write_workbook(folder / "SAMM_Micro_FACS_Codes_v2.xlsx", {"MICRO_ONLY": rows})


def _graded(unit: str, place: int) -> str:
    return f"{unit}{'ABC'[place % 3]}" if place % 2 == 0 else f"A/{unit}" if unit[0] in "LR" else f"A{unit}"


def _grey(frames: np.ndarray) -> np.ndarray:
    return np.stack([cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB) for frame in frames])
