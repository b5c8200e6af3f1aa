"""SAMM.

Davison et al., "SAMM: A Spontaneous Micro-Facial Movement Dataset", IEEE Transactions on Affective Computing 9(1), 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mebench.datasets.action_units import SAMM, parse
from mebench.datasets.annotation import Annotation, Row, read_rows, usual_emotion
from mebench.datasets.contract import Terms
from mebench.datasets.layout import below
from mebench.datasets.recorded import AGREEMENT, Recorded
from mebench.datasets.sheets import Record, find_annotation, read_workbook, records
from mebench.datasets.tree import Tree

_COLUMNS = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("Onset Frame", "Onset"),
    "apex": ("Apex Frame", "Apex"),
    "offset": ("Offset Frame", "Offset"),
    "units": ("Action Units",),
    "emotion": ("Estimated Emotion", "Emotion"),
}


_STRAY = "apex out of range in the annotation"


class Samm(Recorded):
    """SAMM: 159 micro-expressions of 29 people at 200 frames a second, in grey, action units with intensities."""

    name = "samm"
    title = "SAMM"
    fps = 200.0
    domains = ("samm",)
    notation = SAMM
    terms = Terms(
        "SAMM licence agreement", text=AGREEMENT, access="the SAMM page of Manchester Metropolitan University"
    )
    clips_expected = 159
    layouts = (
        *below(("SAMM", ""), "raw", "{subject}/{name}", r"{subject}_0*(\d+)"),
        *below(("SAMM_CROP", "SAMM_Cropped", ""), "cropped", "{subject}/{name}", r"(?:reg_)?{subject}_0*(\d+)"),
    )

    def annotate(self, tree: Tree) -> Annotation:
        """``SAMM_Micro_FACS_Codes_v2.xlsx``: prose above the header, subjects whose zeros a spreadsheet may have lost."""
        path = find_annotation(tree, ("SAMM_Micro_FACS_Codes*.xls*", "SAMM*FACS*.csv"), self.title)
        return read_rows(path, list(records(read_workbook(path), _COLUMNS)), self._row)

    def settle(self, rows: Sequence[Row]) -> list[Row]:
        """An apex that is still out of range after the corrections is none."""
        return [replace(row, apex=None, flags=(*row.flags, _STRAY)) if _strays(row) else row for row in rows]

    def _row(self, record: Record) -> Row:
        return Row(
            subject=f"{record.person():03d}",
            name=record.text("name"),
            onset=record.number("onset"),
            apex=record.number("apex"),
            offset=record.number("offset"),
            units=parse(record.cells["units"], self.notation),
            emotion=usual_emotion(record.text("emotion")),
            line=record.line,
        )


def _strays(row: Row) -> bool:
    times = (row.onset, row.apex, row.offset)
    return None not in times and list(times) != sorted(times)  # type: ignore[type-var]
