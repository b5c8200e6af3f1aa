"""As anybody's own clips: a folder of frames a clip, and ``clips.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from mebench.datasets.clothes.recording import Recording, write_frames
from mebench.files import write_text

FPS = 60.0


def write(recordings: Sequence[Recording], folder: Path) -> None:
    """``person1/clip1/frame_0001.jpg`` and ``clips.csv``."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("subject", "clip", "fps", "onset", "apex", "offset", "action_units", "emotion"))
    for clip in recordings:
        name = f"person{clip.person}/clip{clip.number}"
        write_frames(folder / name, clip, lambda number: f"frame_{number:04d}.jpg", 1)
        times = (clip.onset + 1, clip.apex + 1, clip.offset + 1)
        table.writerow((f"person{clip.person}", name, FPS, *times, "+".join(clip.units), clip.emotion))
    write_text(folder / "clips.csv", text.getvalue())
