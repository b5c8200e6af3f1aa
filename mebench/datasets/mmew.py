"""MMEW.

Ben et al., "Video-based Facial Micro-Expression Analysis: A Survey of Datasets, Features and Algorithms", IEEE TPAMI 44(9),
2022.
"""

from __future__ import annotations

from mebench.datasets.action_units import parse
from mebench.datasets.annotation import Annotation, Row, read_rows, usual_emotion
from mebench.datasets.contract import Terms
from mebench.datasets.layout import Layout, below
from mebench.datasets.recorded import AGREEMENT, Recorded
from mebench.datasets.sheets import Record, find_annotation, read_workbook, records
from mebench.datasets.tree import Tree

_COLUMNS = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("OnsetFrame", "Onset"),
    "apex": ("ApexFrame", "Apex"),
    "offset": ("OffsetFrame", "Offset"),
    "units": ("Action Units", "AU"),
    "emotion": ("Estimated Emotion", "Emotion"),
}


class Mmew(Recorded):
    """MMEW: 300 micro-expressions of 30 people at 90 frames a second, released as face crops, seven emotions."""

    name = "mmew"
    title = "MMEW"
    fps = 90.0
    domains = ("mmew",)
    terms = Terms("MMEW licence agreement", text=AGREEMENT, access="dpailab.com, database page")
    clips_expected = 300
    layouts = (
        *below(("MMEW_Final/Micro_Expression", "Micro_Expression", ""), "by emotion", "{emotion}/{name}", r"0*(\d+)"),
        *below(
            ("", "MMEW_Final/Micro_Expression", "Micro_Expression"),
            "by person",
            "{subject}/{emotion}/{name}",
            r"0*(\d+)",
        ),
        Layout("by person in MMEW", "MMEW/{subject}/{emotion}/{name}", r"0*(\d+)"),
    )

    def annotate(self, tree: Tree) -> Annotation:
        """``MMEW_Micro_Exp.xlsx``: sides on either end of a unit; ``others`` where the folder says ``repression``."""
        path = find_annotation(tree, ("MMEW_Micro_Exp*.xls*", "MMEW*.csv"), self.title)
        return read_rows(path, list(records(read_workbook(path), _COLUMNS)), self._row)

    def _row(self, record: Record) -> Row:
        name = record.text("name")
        emotion = usual_emotion(record.text("emotion"))
        subject, _, rest = name.partition("-")
        if not rest or not subject[:1].upper() == "S" or not subject[1:].isdecimal():
            raise ValueError(f"the clip name '{name}' is not like S03-01-002")
        return Row(
            subject=subject,
            name=name,
            onset=record.number("onset"),
            apex=record.number("apex"),
            offset=record.number("offset"),
            units=parse(record.cells["units"], self.notation),
            emotion="repression" if emotion == "others" else emotion,
            path={"emotion": "repression" if emotion == "others" else emotion},
            line=record.line,
        )
