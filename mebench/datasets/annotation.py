"""What an annotation says of each clip, in one form for all databases."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mebench.datasets.action_units import Coding, parse
from mebench.datasets.sheets import Record
from mebench.names import trick, visible

NOT_CODED = parse(None)

_EMOTIONS = {
    "comtempt": "contempt",
    "other": "others",
    "sad": "sadness",
    "happy": "happiness",
    "surprised": "surprise",
    "surprises": "surprise",
    "repressed": "repression",
    "fearful": "fear",
}
"""Spellings that occur, and the usual word."""


@dataclass(frozen=True)
class Row:
    """One annotated clip. Frame numbers are those of the files; None where the annotator gave none.

    subject, name: as in the clip's key ``subject/name``. alias: what other programs call it. path: words for the place of
    its frames. line: in the sheet. fps: where it differs from the database's own.
    """

    subject: str
    name: str
    onset: int | None
    apex: int | None
    offset: int | None
    units: Coding = NOT_CODED
    emotion: str = ""
    path: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    alias: str = ""
    line: int = 0
    fps: float | None = None

    @property
    def key(self) -> str:
        """``subject/name``."""
        return f"{self.subject}/{self.name}"


@dataclass(frozen=True)
class Annotation:
    """rows: what could be read. findings: one sentence for each row that could not. source: name of the file."""

    rows: tuple[Row, ...]
    findings: tuple[str, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()


def usual_emotion(text: str) -> str:
    """The annotator's word in lower case, misspellings mended."""
    word = " ".join(text.lower().split())
    return _EMOTIONS.get(word, word)


def read_rows(path: Path, records: list[Record], make: Callable[[Record], Row | None]) -> Annotation:
    """A row for each record for which ``make`` gives one. A record with a cell that makes no sense (:class:`ValueError`),
    or with a name that is a trick, becomes a finding; of two records with one key the first counts. Spellings of a subject
    that differ in case, width or Unicode form alone are one person."""
    rows: dict[str, Row] = {}
    spellings: dict[str, str] = {}
    findings = []
    for record in records:
        try:
            row = make(record)
            if row is None:
                continue
            row = _named(row, spellings)
        except ValueError as error:
            findings.append(f"row {record.line} of {path.name}: {visible(str(error))}; the row is left out")
            continue
        if row.key in rows:
            findings.append(
                f"row {record.line} of {path.name}: the clip {row.key} stands in row {rows[row.key].line} too"
            )
            continue
        rows[row.key] = row
    return Annotation(tuple(rows.values()), tuple(findings), path.name)


def _named(row: Row, spellings: dict[str, str]) -> Row:
    """``row`` with its names in composed Unicode and its subject as first spelt; ValueError for a trick."""
    for what, text in (("subject", row.subject), ("clip name", row.name)):
        if (wrong := trick(text)) is not None:
            raise ValueError(f"the {what} '{text[:60]}' {wrong}")
    subject = unicodedata.normalize("NFC", row.subject)
    same_person = unicodedata.normalize("NFKC", subject).casefold()
    return replace(row, subject=spellings.setdefault(same_person, subject), name=unicodedata.normalize("NFC", row.name))
