"""Small invented recordings, and trees of them in the clothes of a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mebench.datasets.clothes.dress import CLOTHES
from mebench.datasets.clothes.recording import Recording

UNITS = (("4",), ("R1", "R2"), ("12", "L14"), ("4", "7"), ("L12",), ("15", "17"), ("1", "2", "5"))


def recordings(people: int = 2, each: int = 3, side: int = 24) -> list[Recording]:
    """``people x each`` clips of 8 to 10 frames: a gradient that moves, darker for each frame."""
    made = []
    for person in range(1, people + 1):
        for number in range(1, each + 1):
            count = 8 + number % 3
            y, x = np.mgrid[:side, : side + 8]
            frames = np.stack([(60 + 4 * y + 2 * x + 5 * t + 7 * person) % 200 for t in range(count)]).astype(np.uint8)
            frames = np.stack([frames, frames // 2, 255 - frames], axis=-1)
            units = UNITS[(person * 3 + number) % len(UNITS)]
            made.append(Recording(person, number, frames, 1, 4, count - 2, units, f"{person}-{number}"))
    return made


def tree(name: str, folder: Path, made: Sequence[Recording] | None = None) -> list[Recording]:
    """Write the clothes of ``name`` into ``folder``; gives what was written."""
    made = list(made if made is not None else recordings())
    folder.mkdir(parents=True, exist_ok=True)
    CLOTHES[name].write(made, folder)
    return made
