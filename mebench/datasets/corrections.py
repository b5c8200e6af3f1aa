"""Published corrections of labels, by key: facts that users of the databases have collected, as used in the composite of
six databases (Varanka et al., arXiv 2211.11425, and the metadata of InfuseNet).

A correction that knows the wrong value is applied where the annotation still holds it. Where the annotation already holds
the right value it was mended upstream, and where it holds a third one nothing is touched and the conflict is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from mebench.datasets.action_units import Notation, parse
from mebench.datasets.annotation import Row

Field = Literal["onset", "apex", "offset", "units"]
Outcome = Literal["applied", "already fixed upstream", "unexpected", "no such clip"]

MISSING = "missing"
"""Old value of a cell that says that there is no frame."""

APEX_ESTIMATED = "apex estimated"


@dataclass(frozen=True)
class Correction:
    """key: of the clip as annotated. new: the right value. old: the wrong one, :data:`MISSING`, or None when it is not
    known. flag: what the clip is marked with."""

    key: str
    field: Field
    new: int | str
    old: int | str | None = None
    flag: str = ""

    def __str__(self) -> str:
        return f"{self.key}: {self.field} {self.new}"


@dataclass(frozen=True)
class Applied:
    """What became of a correction."""

    correction: Correction
    outcome: Outcome
    found: str

    def __str__(self) -> str:
        found = f" (the annotation says {self.found})" if self.outcome == "unexpected" else ""
        return f"{self.correction}: {self.outcome}{found}"


def _times(key: str, onset: int | None = None, apex: int | None = None, offset: int | None = None) -> list[Correction]:
    fields: list[tuple[Field, int | None]] = [("onset", onset), ("apex", apex), ("offset", offset)]
    return [Correction(key, name, value) for name, value in fields if value is not None]


_CASME2_APEXES = {
    "04/EP12_01f": 279, "05/EP03_01": 68, "05/EP07_01": 77, "05/EP09_05f": 81, "05/EP16_04f": 166, "06/EP01_01": 100,
    "07/EP06_01": 78, "12/EP09_02": 187, "12/EP09_06": 89, "13/EP09_10": 80, "16/EP01_08": 88, "17/EP03_09": 134,
    "17/EP06_07": 231, "17/EP13_09": 53, "17/EP15_03": 329, "18/EP19_01": 111, "20/EP16_01": 91, "20/EP16_04": 103,
    "25/EP09_02": 98, "25/EP12_01": 153, "25/EP18_04f": 98,
}  # fmt: skip

_MMEW_TIMES = {
    "S04/S04-01-001": (40, 75), "S04/S04-02-002": (15, 54), "S04/S04-02-003": (46, 59), "S04/S04-03-001": (20, 98),
    "S04/S04-03-002": (25, 80), "S04/S04-03-003": (20, 93), "S04/S04-04-001": (23, 58), "S04/S04-04-002": (28, 61),
    "S04/S04-06-001": (32, 68), "S13/S13-01-001": (56, 88), "S13/S13-01-002": (32, 80), "S13/S13-02-001": (27, 85),
    "S13/S13-02-002": (22, 61), "S13/S13-02-004": (29, 108), "S13/S13-03-006": (31, 72), "S13/S13-04-001": (38, 106),
}  # fmt: skip

CORRECTIONS: dict[str, tuple[Correction, ...]] = {
    "casme": (
        *_times("03/EP07_1", 100, 120, 149),
        *_times("03/EP09_3", 101, 110, 119),
        *_times("03/EP09_4", 57, 65, 74),
        *_times("06/EP02_7", offset=40),
        *_times("13/EP13_5", offset=142),
    ),
    "casme2": (
        *_times("07/EP06_01", offset=91),
        *(Correction(key, "apex", apex, MISSING, APEX_ESTIMATED) for key, apex in _CASME2_APEXES.items()),
    ),
    "samm": (
        *_times("013/013_1_9", offset=5739),
        *_times("028/028_4_1", apex=1105),
        *_times("032/032_3_1", apex=4945),
        *_times("032/032_3_2", apex=5130),
        Correction("007/007_6_1", "units", "R12+R15"),
        Correction("007/007_6_5", "units", "R12+R15"),
        Correction("011/011_4_2", "units", "L14"),
        Correction("014/014_5_2", "units", "R14"),
        Correction("035/035_7_2", "units", "R14A"),
    ),
    "mmew": tuple(
        each for key, (apex, offset) in _MMEW_TIMES.items() for each in _times(key, apex=apex, offset=offset)
    ),
    "casme3a": (
        Correction("spNO.149/d/112", "apex", 123, 83),
        Correction("spNO.214/c/5", "offset", 34, 3460),
        Correction("spNO.216/d/3647", "onset", 2647, 3647),
        Correction("spNO.216/e/0", "onset", 1, 0),
        Correction("spNO.216/e/0", "apex", 1, 0),
        Correction("spNO.40/e/1812", "offset", 1845, 0),
        Correction("spNO.40/e/2327", "offset", 2403, 0),
    ),
}
"""By dataset. The swapped labels of 4DME are mended by :func:`swap_labels`."""

SWAPPED = ("S49/S49_001_01_1", "S49/S49_001_01_2")
"""Two neighbouring rows of 4DME whose labels, from the action units on, stand in each other's place."""


def correct(
    rows: Sequence[Row], corrections: Iterable[Correction], notation: Notation
) -> tuple[list[Row], list[Applied]]:
    """``rows`` with ``corrections`` applied, and what became of each. Keys stay as annotated."""
    by_key = {row.key: index for index, row in enumerate(rows)}
    corrected = list(rows)
    told = []
    for correction in corrections:
        index = by_key.get(correction.key)
        if index is None:
            told.append(Applied(correction, "no such clip", ""))
            continue
        row = corrected[index]
        outcome, found = _judge(correction, row, notation)
        if outcome == "applied":
            flags = (*row.flags, correction.flag or f"{correction.field} corrected")
            changes: dict[str, Any] = {correction.field: correction.new, "flags": tuple(dict.fromkeys(flags))}
            if correction.field == "units":
                changes["units"] = parse(correction.new, notation)
            corrected[index] = replace(row, **changes)
        told.append(Applied(correction, outcome, found))
    return corrected, told


def swap_labels(rows: Sequence[Row], release: str) -> tuple[list[Row], list[str]]:
    """The rows of :data:`SWAPPED` with their action units exchanged in release 1 of the annotation, which has them wrong.
    release: name of the annotation file."""
    places = [index for key in SWAPPED for index, row in enumerate(rows) if row.key == key]
    names = " and ".join(SWAPPED)
    if len(places) != 2:
        return list(rows), []
    if "v1" not in release:
        return list(rows), [f"{names}: labels left as they are, because '{release}' is not release v1"]
    first, second = (rows[place] for place in places)
    swapped = list(rows)
    for place, row, other in ((places[0], first, second), (places[1], second, first)):
        swapped[place] = replace(row, units=other.units, flags=(*row.flags, "units corrected"))
    return swapped, [f"{names}: labels swapped back"]


def _judge(correction: Correction, row: Row, notation: Notation) -> tuple[Outcome, str]:
    value: object = getattr(row, correction.field)
    if correction.field == "units":
        found = row.units.raw
        if row.units.tokens == parse(correction.new, notation).tokens:
            return "already fixed upstream", found
        # What was wrong is that the annotators left a choice.
        return ("applied" if any(token.uncertain for token in row.units.tokens) else "unexpected"), found
    found = MISSING if value is None else str(value)
    if value == correction.new:
        return "already fixed upstream", found
    if correction.old is None or found == str(correction.old):
        return "applied", found
    return "unexpected", found
