"""CASME II.

Yan et al., "CASME II: An Improved Spontaneous Micro-Expression Database and the Baseline Evaluation", PLoS ONE 9(1), 2014.
"""

from __future__ import annotations

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
    "onset": ("OnsetFrame", "Onset"),
    "apex": ("ApexFrame", "Apex"),
    "offset": ("OffsetFrame", "Offset"),
    "units": ("Action Units", "AU"),
    "emotion": ("Estimated Emotion", "Emotion"),
}


class Casme2(Recorded):
    """CASME II: 256 micro-expressions of 26 people at 200 frames a second, action units and seven emotions."""

    name = "casme2"
    title = "CASME II"
    fps = 200.0
    domains = ("casme2",)
    terms = Terms("CASME II licence agreement", text=AGREEMENT, access="casme.psych.ac.cn")
    clips_expected = 256
    layouts = (
        *below(("CASME2_RAW_selected", "CASME2-RAW", "CASME2_RAW", ""), "raw", "sub{subject}/{name}", r"img0*(\d+)"),
        *below(("Cropped", ""), "cropped", "sub{subject}/{name}", r"reg_img0*(\d+)"),
    )

    def annotate(self, tree: Tree) -> Annotation:
        """``CASME2-coding-*.xlsx``: a slash for an unknown apex, integers and text in the column of action units."""
        path = find_annotation(tree, ("CASME2-coding*.xls*", "CASME2*coding*.csv"), self.title)
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
