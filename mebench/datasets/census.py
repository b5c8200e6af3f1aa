"""The composite of six databases: how often each action unit is coded in each, as published. A clean installation must
give these numbers exactly; any other tells that a label was read wrongly or another release is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mebench.clip import Clip
from mebench.datasets.action_units import unit_numbers

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17)
"""The twelve units of the composite, in the order of its tables."""

COUNTS: dict[str, tuple[int, ...]] = {
    "casme": (23, 17, 70, 0, 1, 4, 40, 3, 9, 23, 14, 13),
    "casme2": (26, 22, 130, 2, 13, 39, 13, 16, 34, 27, 16, 25),
    "samm": (6, 18, 23, 10, 3, 46, 5, 6, 28, 13, 4, 6),
    "fourd": (46, 54, 102, 8, 25, 89, 1, 2, 53, 4, 6, 11),
    "mmew": (50, 41, 109, 70, 10, 47, 8, 38, 37, 17, 6, 11),
    "casme3a": (153, 128, 274, 44, 8, 27, 50, 10, 15, 193, 6, 20),
}
"""Clips with each of :data:`UNITS` in each database, in the order in which the composite lists them."""

CLIPS = {"casme": 189, "casme2": 256, "samm": 159, "fourd": 267, "mmew": 300, "casme3a": 860}
"""Clips of each database in the composite."""


def count(clips: Sequence[Clip]) -> tuple[int, ...]:
    """How many of ``clips`` have each of :data:`UNITS`, counted as the composite counts."""
    coded = [unit_numbers(clip, "digits") for clip in clips]
    return tuple(sum(unit in numbers for numbers in coded) for unit in UNITS)


def compare(name: str, clips: Sequence[Clip], expected: int | None, releases: Mapping[int, str]) -> list[str]:
    """One line for each cell that differs from the published table. A database that is far from whole (fewer than half of
    its clips are there), or another known release (``releases``, by the number of clips), is not compared."""
    if name not in COUNTS or not expected or 2 * len(clips) < expected or len(clips) in releases:
        return []
    cells = zip(UNITS, count(clips), COUNTS[name], strict=True)
    wrong = [
        f"AU{unit}: {found} clips, {published} published" for unit, found, published in cells if found != published
    ]
    lines = [f"the published counts do not come out: {'; '.join(wrong)}"] if wrong else []
    if len(clips) != CLIPS[name]:
        lines.append(f"the composite has {CLIPS[name]} clips of this database, here are {len(clips)}")
    return lines
