"""4DME, the grey set.

Li et al., "4DME: A Spontaneous 4D Micro-Expression Dataset With Multimodalities", IEEE Transactions on Affective Computing,
2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mebench.datasets.action_units import parse
from mebench.datasets.annotation import Annotation, Row, read_rows
from mebench.datasets.census import UNITS
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
        path = find_annotation(tree, ("4DME_Labelling_Micro*.xls*", "4DME*Micro*.csv"), self.title)
        columns = {**_COLUMNS, **{f"AU{unit}": (f"AU{unit}",) for unit in UNITS}}
        found = list(records(read_workbook(path), columns, optional=frozenset(columns) - frozenset(_COLUMNS)))
        annotation = read_rows(path, found, self._row)
        return replace(annotation, notes=tuple(_disagreements(found)))

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


def _disagreements(found: Sequence[Record]) -> list[str]:
    """One line where the column of a unit contradicts the text: the text is what counts. Units marked ``(k)`` may be either."""
    wrong = []
    for record in found:
        tokens = parse(record.cells["units"]).tokens
        coded = {token.number for token in tokens}
        sure = {token.number for token in tokens if token.counts} - {token.number for token in tokens if token.kinetic}
        for unit in UNITS:
            ticked = record.text(f"AU{unit}")
            if (ticked == "1" and unit not in coded) or (ticked == "0" and unit in sure):
                wrong.append(f"{record.text('name')} (AU{unit})")
    if not wrong:
        return []
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return [f"the columns of units contradict the text, which is used: {', '.join(wrong[:5])}{more}"]
