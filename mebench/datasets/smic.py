"""SMIC: the high-speed, the visible and the near-infrared set.

Li et al., "A Spontaneous Micro-Expression Database: Inducement, Collection and Baseline", FG 2013.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from mebench.datasets.annotation import Annotation, Row, read_rows
from mebench.datasets.contract import Terms
from mebench.datasets.layout import Layout, below
from mebench.datasets.recorded import AGREEMENT, Recorded
from mebench.datasets.sheets import Record, find_annotation, read_workbook, records
from mebench.datasets.tree import Tree
from mebench.errors import InputError

_EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise"}
_NAME = re.compile(r"s(\d+)_(ne|po|sur)_(\d+)", re.IGNORECASE)
_FRAME = r"(?:reg_)?image0*(\d+)"

_COLUMNS = {
    "name": ("Filename", "Clip", "Video"),
    "onset": ("OnsetF", "OnsetFrame", "Onset"),
    "offset": ("OffsetF", "OffsetFrame", "Offset"),
    "apex": ("ApexF", "ApexFrame", "Apex"),
}


class SmicHs(Recorded):
    """SMIC-HS: 164 micro-expressions of 16 people at 100 frames a second; three emotions, no action units, no apex."""

    name = "smic_hs"
    title = "SMIC-HS"
    fps = 100.0
    domains = ("smic_hs",)
    coded = False
    terms = Terms(
        "SMIC licence agreement", text=AGREEMENT, access="Oulu, Center for Machine Vision and Signal Analysis"
    )
    clips_expected = 164
    part: ClassVar[str] = "HS"
    cohort: ClassVar[str] = "smic"
    """The people of the other two sets are among those of the first, under the same numbers."""

    @property
    def layouts(self) -> tuple[Layout, ...]:  # type: ignore[override]
        """Short clips in the cropped release, long ones in the extended release."""
        extended = "{long}/" + f"SMIC-{self.part}-E" + "/{subject_e}/{name}"
        part = self.part
        return (
            *below(
                (f"SMIC_all_cropped/{part}", f"SMIC_all_raw/{part}", f"{part}", ""),
                "short clips",
                "{person}/micro/{emotion}/{name}",
                _FRAME,
            ),
            *below(("SMIC-E_raw image", ""), "extended", extended, _FRAME),
        )

    def annotate(self, tree: Tree) -> Annotation:
        """The short clips have no annotation file: the folders say who and what, the first and the last frame are onset
        and offset. The extended release has a workbook."""
        clips = self._short_clips(tree)
        if clips:
            return Annotation(tuple(clips), (), "the folders")
        pattern = f"SMIC-{self.part}-E_annotation*.xls*"
        try:
            path = find_annotation(tree, (pattern,), f"{self.title} (extended)")
        except InputError as error:
            raise InputError(
                f"{tree.root} holds neither short clips of {self.title} (SMIC_all_cropped/{self.part}/s1/micro/negative/...) "
                f"nor the extended release ({pattern}); give the folder that holds one of them."
            ) from error
        rows = list(records(read_workbook(path), _COLUMNS, optional=frozenset({"apex"})))
        return read_rows(path, rows, self._row)

    def _short_clips(self, tree: Tree) -> list[Row]:
        for prefix in (f"SMIC_all_cropped/{self.part}", f"SMIC_all_raw/{self.part}", self.part, ""):
            folder = tree.find(*prefix.split("/"))
            rows = self._rows_below(tree, folder) if folder else []
            if rows:
                return sorted(rows, key=lambda row: (int(row.subject[1:]), row.name))
        return []

    def _rows_below(self, tree: Tree, folder: Path) -> list[Row]:
        rows = []
        for person in tree.folders(folder):
            for emotion in tree.folders(folder / person / "micro"):
                for name in tree.folders(folder / person / "micro" / emotion):
                    match = _NAME.fullmatch(name)
                    if match and emotion.lower() == _EMOTIONS[match[2].lower()]:
                        rows.append(
                            Row(
                                f"s{int(match[1])}",
                                name,
                                None,
                                None,
                                None,
                                emotion=emotion.lower(),
                                path={"emotion": emotion, "person": person},
                            )
                        )
        return rows

    def _row(self, record: Record) -> Row:
        name = record.text("name")
        match = _NAME.match(name)
        if match is None:
            raise ValueError(f"the clip name '{name}' is not like s3_sur_01")
        number, kind = int(match[1]), match[2].lower()
        path = {"subject_e": f"s{number:02d}", "long": f"{self.part}_long", "emotion": _EMOTIONS[kind]}
        onset, offset = record.number("onset"), record.number("offset")
        return Row(
            f"s{number}",
            name,
            onset,
            record.number("apex"),
            offset,
            emotion=_EMOTIONS[kind],
            path=path,
            line=record.line,
        )


class SmicVis(SmicHs):
    """SMIC-VIS: 71 micro-expressions of 8 people at 25 frames a second; three emotions, no action units, no apex."""

    name = "smic_vis"
    title = "SMIC-VIS"
    fps = 25.0
    domains = ("smic_vis",)
    clips_expected = 71
    part = "VIS"


class SmicNir(SmicVis):
    """SMIC-NIR: the near-infrared side of SMIC-VIS, 71 micro-expressions of 8 people at 25 frames a second."""

    name = "smic_nir"
    title = "SMIC-NIR"
    domains = ("smic_nir",)
    part = "NIR"
