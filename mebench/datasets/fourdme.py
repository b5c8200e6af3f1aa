"""4DME, the grey set.

Li et al., "4DME: A Spontaneous 4D Micro-Expression Dataset With Multimodalities", IEEE Transactions on Affective Computing,
2022.
"""

from __future__ import annotations

from collections.abc import Sequence

from mebench.datasets.action_units import parse
from mebench.datasets.annotation import Annotation, Row, read_rows
from mebench.datasets.contract import Terms
from mebench.datasets.corrections import swap_labels
from mebench.datasets.layout import below
from mebench.datasets.recorded import AGREEMENT, Recorded
from mebench.datasets.sheets import Record, find_annotation, read_workbook, records
from mebench.datasets.tree import Tree

_COLUMNS = {
    "subject": ("sub_ID",),
    "name": ("fold_name",),
    "onset": ("Onset",),
    "apex": ("Apex",),
    "offset": ("Offset",),
    "units": ("AUs",),
    "emotion": ("Emotion",),
}


class FourDme(Recorded):
    """4DME (grey set): 267 micro-expressions of 42 people at 60 frames a second, action units, combined emotions."""

    name = "fourd"
    title = "4DME"
    fps = 60.0
    domains = ("fourd",)
    terms = Terms(
        "4DME licence agreement", text=AGREEMENT, access="Oulu, Center for Machine Vision and Signal Analysis"
    )
    clips_expected = 267
    layouts = (
        *below(("gray_micro", ""), "raw", "{subject}/{name}", r"0*(\d+)"),
        *below(("gray_micro_crop",), "cropped", "{subject}/{name}", r"0*(\d+)"),
    )

    def annotate(self, tree: Tree) -> Annotation:
        """``4DME_Labelling_Micro_release v1.xlsx``: frames as decimals, units that start with ``AU``, stray blanks, and
        ``(k)`` at units that do not belong to the micro-expression."""
        path = find_annotation(tree.root, ("4DME_Labelling_Micro*.xls*", "4DME*Micro*.csv"), self.title)
        return read_rows(path, list(records(read_workbook(path), _COLUMNS)), self._row)

    def mend(self, rows: Sequence[Row], source: str) -> tuple[list[Row], list[str]]:
        """Two neighbouring rows of release 1 hold each other's labels."""
        return swap_labels(rows, source)

    def _row(self, record: Record) -> Row:
        return Row(
            subject=record.text("subject"),
            name=record.text("name"),
            onset=record.number("onset"),
            apex=record.number("apex"),
            offset=record.number("offset"),
            units=parse(record.cells["units"], self.notation),
            emotion="+".join(part.strip().lower() for part in record.text("emotion").split("+")),
            line=record.line,
        )
