"""CAS(ME)^2: micro-expressions cut out of long videos.

Qu et al., "CAS(ME)^2: A Database for Spontaneous Macro-Expression and Micro-Expression Spotting and Recognition", IEEE
Transactions on Affective Computing 9(4), 2018.
"""

from __future__ import annotations

import re

from mebench.datasets.action_units import parse
from mebench.datasets.annotation import Annotation, Row, read_rows, usual_emotion
from mebench.datasets.contract import Terms
from mebench.datasets.layout import below
from mebench.datasets.recorded import AGREEMENT, Recorded
from mebench.datasets.sheets import Record, Sheet, as_text, find_annotation, read_workbook
from mebench.datasets.tree import Tree
from mebench.errors import InputError

_PLACES = ("participant", "name", "onset", "apex", "offset", "units", "emotion", "type")
"""The first columns of the first sheet, which has no header."""


class CasmeSq(Recorded):
    """CAS(ME)^2: 57 micro-expressions of 22 people at 30 frames a second, cut out of long videos."""

    name = "casme_sq"
    title = "CAS(ME)^2"
    fps = 30.0
    domains = ("casme_sq",)
    terms = Terms("CAS(ME)^2 licence agreement", text=AGREEMENT, access="casme.psych.ac.cn")
    clips_expected = 57
    layouts = (
        *below(("rawpic", ""), "long videos", "{subject}/{video}", r"img0*(\d+)"),
        *below(("selectedpic",), "expressions", "{subject}/{name}", r"img0*(\d+)"),
        *below(("cropped",), "cropped", "{subject}/{name}", r"(?:reg_)?img0*(\d+)"),
    )

    def annotate(self, tree: Tree) -> Annotation:
        """``CAS(ME)^2code_final*.xlsx``: three sheets without headers, known by their place: labels, folder of each
        participant, four-digit code of each film. An offset of 0 is unknown; the apex takes its place."""
        path = find_annotation(tree, ("CAS(ME)*code_final*.xls*",), self.title)
        sheets = read_workbook(path)
        if len(sheets) < 3:
            raise InputError(
                f"{path} has {len(sheets)} sheet(s); the labels, the folders of the participants and the codes of the films "
                "are expected on three: copy the file again."
            )
        people, films = _people(sheets[1]), _films(sheets[2])
        records = [
            _record(line, row) for line, row in enumerate(sheets[0].rows, 1) if any(as_text(cell) for cell in row)
        ]
        if not any("expression" in record.text("type").lower() for record in records):
            raise InputError(
                f"the first sheet of {path} ('{sheets[0].name}') does not tell macro- from micro-expressions in its eighth "
                "column; is it another file?"
            )
        return read_rows(path, records, lambda record: self._row(record, people, films))

    def _row(self, record: Record, people: dict[int, str], films: dict[str, str]) -> Row | None:
        if not record.text("type").lower().startswith("micro"):
            return None
        participant = record.number("participant")
        if participant not in people:
            raise ValueError(f"the second sheet names no folder for participant {participant}")
        folder, name = people[participant], record.text("name")
        film = name.rpartition("_")[0] or name
        if film.lower() not in films:
            raise ValueError(f"the third sheet has no code for the film '{film}'")
        apex, offset = record.number("apex"), record.number("offset")
        return Row(
            subject=f"s{folder}",
            name=name,
            onset=record.number("onset"),
            apex=apex,
            offset=offset or apex,
            units=parse(record.cells["units"], self.notation),
            emotion=usual_emotion(record.text("emotion")),
            path={"video": f"{folder}_{films[film.lower()]}{film}"},
            flags=() if offset else ("offset unknown, apex taken",),
            line=record.line,
        )


def _record(line: int, row: tuple[object, ...]) -> Record:
    cells = {name: row[place] if place < len(row) else None for place, name in enumerate(_PLACES)}
    return Record(line, cells)  # type: ignore[arg-type]


def _people(sheet: Sheet) -> dict[int, str]:
    """Participant number to the number in the folder's name. Rows that hold no two numbers are words."""
    found = {}
    for row in sheet.rows:
        numbers = [match[0] for cell in row if (match := re.search(r"\d+", as_text(cell)))]
        if len(numbers) >= 2:
            found[int(numbers[0])] = str(int(numbers[1]))
    return found


def _films(sheet: Sheet) -> dict[str, str]:
    """Name of a film, in lower case, to its four-digit code."""
    found = {}
    for row in sheet.rows:
        texts = [as_text(cell) for cell in row if as_text(cell)]
        codes = [text for text in texts if re.fullmatch(r"\d{3,4}", text)]
        names = [text for text in texts if not text.isdecimal()]
        if codes and names:
            found[names[0].lower()] = codes[0].zfill(4)
    return found
