"""From an annotated row and a folder of numbered frames to a clip: onset to offset, with what is missing told."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from mebench.datasets.annotation import Row

MOST_FRAMES = 4000
"""Frames of a clip beyond which its annotation must be wrong: 20 s at 200 frames a second."""


APEX_UNKNOWN = "apex unknown, middle taken"


@dataclass(frozen=True)
class Cut:
    """files: one a frame from onset to offset; a missing frame is its nearest neighbour's. onset, apex, offset: indices
    in ``files``. missing: frames that are not there. flags: for people."""

    files: tuple[Path, ...]
    onset: int
    apex: int
    offset: int
    missing: int
    flags: tuple[str, ...]


def cut(row: Row, folder: Path, frames: dict[int, str]) -> Cut | str:
    """The clip of ``row``, or why there is none. frames: number to file name in ``folder``, not empty.

    Without an onset the first frame counts, without an offset the last, without an apex the middle. A missing frame is
    replaced by the nearest one, so that times stay right.
    """
    numbers = sorted(frames)
    flags = []
    onset = numbers[0] if row.onset is None else row.onset
    offset = numbers[-1] if row.offset is None else row.offset
    apex = row.apex
    if apex is None:
        apex = onset + (offset - onset) // 2
        flags.append(APEX_UNKNOWN)
    if not onset <= apex <= offset:
        return f"onset {onset}, apex {apex} and offset {offset} are not in this order"
    count = offset - onset + 1
    if count > MOST_FRAMES:
        return f"its {count} frames from onset to offset are too many for a micro-expression"
    missing = sum(1 for number in range(onset, offset + 1) if number not in frames)
    if count - missing < 2:
        return f"fewer than two of its frames {onset} to {offset} are there (found {numbers[0]} to {numbers[-1]})"
    if 2 * missing > count:
        return f"{missing} of its {count} frames are missing (found {numbers[0]} to {numbers[-1]})"
    if missing:
        flags.append(f"{missing} of {count} frames missing")
    files = tuple(folder / frames[_nearest(numbers, number)] for number in range(onset, offset + 1))
    return Cut(files, 0, apex - onset, count - 1, missing, tuple(flags))


def _nearest(numbers: list[int], wanted: int) -> int:
    """The number nearest to ``wanted``; the earlier of two."""
    place = bisect_left(numbers, wanted)
    around = numbers[max(place - 1, 0) : place + 1]
    return min(around, key=lambda number: (abs(number - wanted), number))
