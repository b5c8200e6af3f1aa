"""CASME.

Yan et al., "CASME Database: A Dataset of Spontaneous Micro-Expressions Collected From Neutralized Faces", FG 2013.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from mebench.datasets.action_units import parse
from mebench.datasets.annotation import Annotation, Row, read_rows, usual_emotion
from mebench.datasets.contract import Terms
from mebench.datasets.layout import below
from mebench.datasets.recorded import AGREEMENT, Recorded
from mebench.datasets.sheets import Record, find_annotation, read_workbook, records
from mebench.datasets.tree import Tree

_COLUMNS = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("OnsetF",),  # "Onset", without the F, is a time
    "apex": ("ApexF1",),
    "offset": ("OffsetF",),
    "units": ("AU", "AUs", "Action Units"),
    "emotion": ("Emotion", "Estimated Emotion"),
}


class Casme(Recorded):
    """CASME: 195 micro-expressions of 19 people at 60 frames a second, action units and eight emotions."""

    name = "casme"
    title = "CASME"
    fps = 60.0
    domains = ("casme",)
    terms = Terms("CASME licence agreement", text=AGREEMENT, access="casme.psych.ac.cn")
    clips_expected = 189
    releases: ClassVar[Mapping[int, str]] = {193: "the sheet of 2019, which has four rows more"}
    layouts = (
        *below(("CASME_raw_selected", ""), "raw", "sub{subject}/{name}", r"(?:{name}-|img)0*(\d+)"),
        # Parts A and B, which were recorded by two cameras, may lie in folders of their own.
        *below(("CASME_raw_selected", ""), "raw, in parts", "*/sub{subject}/{name}", r"(?:{name}-|img)0*(\d+)"),
        *below(("Cropped", ""), "cropped", "sub{subject}/{name}", r"reg_(?:{name}-|img)0*(\d+)"),
    )

    def annotate(self, tree: Tree) -> Annotation:
        """``casme.xlsx`` or ``CASME-coded-*.xls``, with its blank columns, backslashes and misspellings."""
        path = find_annotation(tree, ("casme.xlsx", "CASME-coded*.xls*", "casme*.csv"), self.title)
        return read_rows(path, list(records(read_workbook(path), _COLUMNS)), self._row)

    def _row(self, record: Record) -> Row:
        return Row(
            subject=f"{record.person():02d}",
            name=record.text("name"),
            onset=record.number("onset"),
            apex=record.number("apex"),
            offset=record.number("offset"),
            units=parse(record.cells["units"], self.notation),
            emotion=usual_emotion(record.text("emotion")),
            line=record.line,
        )
