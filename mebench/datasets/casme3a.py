"""CAS(ME)^3, part A: micro-expressions in whole recordings.

Li et al., "CAS(ME)^3: A Third Generation Facial Spontaneous Micro-Expression Database With Depth Information and High
Ecological Validity", IEEE TPAMI 45(3), 2023.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mebench.datasets.action_units import CASME3, parse
from mebench.datasets.annotation import Annotation, Row, read_rows, usual_emotion
from mebench.datasets.casme3a_problems import problems as listed_problems
from mebench.datasets.contract import Terms
from mebench.datasets.layout import below
from mebench.datasets.recorded import AGREEMENT, Recorded
from mebench.datasets.sheets import Record, find_annotation, read_workbook, records
from mebench.datasets.tree import Tree

_COLUMNS = {
    "subject": ("Subject",),
    "video": ("Filename",),
    "onset": ("Onset",),
    "apex": ("Apex",),
    "offset": ("Offset",),
    "units": ("AU", "AUs"),
    "emotion": ("emotion",),
    "type": ("Expression type",),
}


class Casme3A(Recorded):
    """CAS(ME)^3 part A: 860 micro-expressions of 94 people at 30 frames a second, cut out of whole recordings.

    A clip is called by subject, letter of the recording and onset, which is unique: ``spNO.149/d/112``. The alias is the
    name that appends a number to the letter, in the order of the sheet: ``spNO.149/d``, ``spNO.149/d2``.
    """

    name = "casme3a"
    title = "CAS(ME)^3 part A"
    fps = 30.0
    domains = ("casme3a",)
    notation = CASME3
    gaps_expected = True
    terms = Terms("CAS(ME)^3 licence agreement", text=AGREEMENT, access="casme.psych.ac.cn")
    clips_expected = 860
    layouts = (
        *below(
            ("part_A", "part_A/data", "Part_A_ME_clip/frame", ""), "recordings", "{subject}/{video}/color", r"0*(\d+)"
        ),
    )

    def annotate(self, tree: Tree) -> Annotation:
        """``cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx``: several expressions in one recording. Without it
        ``CAS(ME)3_part_A_v2.xls``, whose macro-expressions are passed over."""
        patterns = (
            "cas(me)3_part_A_ME_label_JpgIndex*.xls*",
            "CAS(ME)3_part_A_ME*.xls*",
            "CAS(ME)3_part_A_v*.xls*",
            "cas(me)3_part_A*.csv",
        )
        path = find_annotation(tree, patterns, self.title)
        seen: Counter[tuple[str, str]] = Counter()
        micro = [
            record
            for record in records(read_workbook(path), _COLUMNS, optional=frozenset({"type"}))
            if record.text("type").lower()[:5] in ("", "micro")
        ]
        found = read_rows(path, micro, lambda record: self._row(record, seen))
        if "v1" in path.name.lower():
            note = f"{path.name} is the first version, in which entries are known to be wrong; get version 2 from the authors"
            return Annotation(found.rows, found.findings, found.source, (note,))
        return found

    def problems(self, tree: Tree, rows: Sequence[Row]) -> dict[str, str]:
        """What the authors' lists say; see :mod:`mebench.datasets.casme3a_problems`."""
        return listed_problems(tree, rows)

    def _row(self, record: Record, seen: Counter[tuple[str, str]]) -> Row:
        subject, video = record.text("subject"), record.text("video")
        onset = record.number("onset")
        if onset is None:
            raise ValueError("the onset is missing")
        seen[subject, video.lower()] += 1
        number = seen[subject, video.lower()]
        return Row(
            subject=subject,
            name=f"{video}/{onset}",
            onset=onset,
            apex=record.number("apex"),
            offset=record.number("offset"),
            units=parse(record.cells["units"], self.notation),
            emotion=usual_emotion(record.text("emotion")),
            path={"video": video},
            alias=f"{subject}/{video}{number if number > 1 else ''}",
            line=record.line,
        )
