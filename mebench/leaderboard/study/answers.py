"""What raters and coders hand over, read as data from strangers, and which raters count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from scipy import stats

from mebench.datasets.sheets import as_text, read_workbook
from mebench.errors import InputError
from mebench.leaderboard import strict_json
from mebench.leaderboard.schema import Strict
from mebench.leaderboard.study.design import SCHEMA_VERSION, Id, Key

CHANCE = 0.05
"""A rater counts when somebody who guesses gets as many attention checks right with at most this chance."""

MOST_BYTES = 2_000_000

Side = Literal["a", "b"]


class Answer(Strict):
    """One choice. left: which side of the trial stood on the left. chosen: which was chosen. ms: until then. loops: how often
    the clips had been shown. speed: 1 is real time."""

    trial: Id
    left: Side
    chosen: Side
    ms: int = Field(ge=0)
    loops: int = Field(ge=1)
    speed: float = Field(gt=0, le=4)


class Answers(Strict):
    """The file that the page saves."""

    schema_version: int = Field(ge=1, le=SCHEMA_VERSION)
    study: str
    rater: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    experience: Literal["none", "some", "coder"]
    started: Annotated[str, Field(max_length=40)]
    saved: Annotated[str, Field(max_length=40)]
    answers: list[Answer] = Field(max_length=5000)


@dataclass(frozen=True)
class Rating:
    """One line of a coder sheet; None where the coder could not tell."""

    coder: str
    clip: str
    movement: int | None
    naturalness: int | None


def read_answers(path: Path, key: Key) -> Answers:
    """:class:`InputError` for a file of another study, or with a trial that it has not or that stands there twice."""
    found = strict_json.load(_bytes(path), str(path), Answers)
    if found.study != key.study:
        raise InputError(f"{path} answers the study '{found.study[:40]}', and the key is of '{key.study}'.")
    seen: set[str] = set()
    for answer in found.answers:
        if answer.trial in seen or answer.trial not in {**key.trials, **key.checks}:
            raise InputError(f"{path}: the trial '{answer.trial}' is not in this study, or stands there twice.")
        seen.add(answer.trial)
    return found


def attentive(answers: Answers, key: Key) -> bool:
    """Whether somebody who guesses would get as many checks right only with a chance of at most :data:`CHANCE`."""
    given = [answer for answer in answers.answers if answer.trial in key.checks]
    right = sum(key.checks[answer.trial] == answer.chosen for answer in given)
    return bool(given) and float(stats.binom.sf(right - 1, len(given), 0.5)) <= CHANCE


def read_sheet(path: Path, key: Key) -> list[Rating]:
    """The lines of a coder sheet (CSV or xlsx); the coder is the name of the file."""
    rows = list(_rows(path))
    if not rows or rows[0][0].strip() != "clip" or any(len(row) < 3 for row in rows):
        raise InputError(f"{path} is no coder sheet: its first line must be that of sheet.csv.")
    found: list[Rating] = []
    for number, row in enumerate(rows[1:], 2):
        clip = row[0].strip()
        if clip not in key.coder or clip in {each.clip for each in found}:
            raise InputError(f"line {number} of {path}: '{clip[:20]}' is no clip of this study, or stands there twice.")
        found.append(Rating(path.stem, clip, *(_mark(cell, f"line {number} of {path}") for cell in row[1:3])))
    return found


def _mark(cell: str, where: str) -> int | None:
    text = cell.strip().removesuffix(".0")
    if not text:
        return None
    if text not in ("1", "2", "3", "4", "5"):
        raise InputError(f"{where}: '{text[:20]}' is no whole number from 1 to 5.")
    return int(text)


def _rows(path: Path) -> Iterator[Sequence[str]]:
    _bytes(path)
    sheets = read_workbook(path)
    lines = [[as_text(cell) for cell in row] for row in sheets[0].rows] if sheets else []
    yield from (line for line in lines if any(line))


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}.") from error
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} holds {len(data)} bytes; answers have at most {MOST_BYTES}.")
    return data
