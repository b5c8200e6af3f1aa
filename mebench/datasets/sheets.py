"""Annotation files as their owners ship them: workbooks and CSV files, cell by cell, with the header found by its words."""

from __future__ import annotations

import csv
import difflib
import fnmatch
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mebench.bounded_archive import check_archive
from mebench.datasets.tree import Tree
from mebench.errors import InputError

Cell = str | int | float | None

_HEADER_ROWS = 60
"""Rows in which a header is looked for: one database puts 13 rows of prose above it."""

_LARGEST, _UNPACKED = 64 << 20, 512 << 20
"""Bytes of an annotation as it lies there, and of its parts together; the largest that is known has 0.4 MB."""

_MOST_CELLS = 3_000_000
"""Of one sheet, from its first cell to its last: a single cell at the far end makes a sheet of 17 billion."""

_NOTHING = frozenset({"", "/", "\\", "-", "?", "n/a", "na", "nan", "none"})
"""How annotators say that there is no frame."""


@dataclass(frozen=True)
class Sheet:
    """One sheet. path, name: of the file and of the sheet. rows: cells, row by row; rows differ in length."""

    path: Path
    name: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Record:
    """One row below a header. line: its number in the sheet, from 1. cells: by the name that was asked for."""

    line: int
    cells: Mapping[str, Cell]

    def text(self, name: str) -> str:
        """The cell as text without blanks around it; whole numbers have no decimals."""
        return as_text(self.cells.get(name))

    def person(self) -> int:
        """The number of the subject; :class:`ValueError` when the cell is empty."""
        number = self.number("subject")
        if number is None:
            raise ValueError("the subject is missing")
        return number

    def number(self, name: str) -> int | None:
        """The cell as a frame number; None when it says that there is none. :class:`ValueError` for anything else."""
        return as_number(self.cells.get(name))


def as_text(cell: Cell) -> str:
    """A cell as text without blanks around it; whole numbers have no decimals."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def as_number(cell: Cell) -> int | None:
    """A cell as a frame number: ``12``, ``12.0`` and ``" 12 "`` are 12, a slash or nothing is None; else ValueError."""
    text = as_text(cell)
    if text.lower() in _NOTHING:
        return None
    match = re.fullmatch(r"(\d{1,9})(?:\.0*)?", text)
    if match is None:
        raise ValueError(f"'{text}' is no frame number")
    return int(match[1])


def read_workbook(path: Path) -> list[Sheet]:
    """All sheets of an ``.xlsx``, ``.xls`` or ``.csv`` file, in the order of the file, empty rows at the end left out.

    Text is UTF-8, else GB 18030 (CSV files from Chinese Excel), with any line ends. :class:`InputError` when the file is
    missing, cut short, of another kind, or made to grow when it is read.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"the table {path} holds more than {_LARGEST >> 20} MB; it is another file.")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read the table {path}: {error.strerror or error}; connect its disk or check the path."
        ) from error
    if not data:
        raise InputError(f"the table {path} is empty; copy it again.")
    suffix = path.suffix.lower()
    check_archive(io.BytesIO(data), str(path), _UNPACKED)
    try:
        sheets = dict(_rows_csv(data)) if suffix == ".csv" else _rows_of(data, suffix)
    except InputError as error:
        raise InputError(f"the table {path} {error}") from error
    except Exception as error:  # the readers of workbooks raise whatever their archive and XML libraries raise
        raise InputError(
            f"the table {path} cannot be read as {suffix or 'a workbook'} ({type(error).__name__}); it is damaged or "
            "cut short: copy it again."
        ) from error
    return [Sheet(path, name, _trimmed(rows)) for name, rows in sheets.items()]


def find_annotation(tree: Tree, patterns: Sequence[str], what: str) -> Path:
    """The newest release of an annotation file: the first pattern that matches, the last name (compared without case and
    suffix, numbers as numbers, so that ``v10`` comes after ``v2``).

    Looks in the database's folder, one and two folders below it, and in its parent. :class:`InputError` names what is
    looked for.
    """
    folders = [tree.root, *_below(tree)]
    for pattern in patterns:
        for folder, files in [*((each, tree.files(each)) for each in folders), (tree.root.parent, _beside(tree.root))]:
            fitting = [name for name in files if fnmatch.fnmatchcase(name.lower(), pattern.lower())]
            if found := [name for name in fitting if not name.startswith("~$")]:
                return folder / max(found, key=_release)
    raise InputError(
        f"the annotation of {what} was not found in {tree.root}; put the file {' or '.join(patterns)} there, as "
        "distributed."
    )


def records(
    sheets: Sequence[Sheet], columns: Mapping[str, Sequence[str]], optional: frozenset[str] = frozenset()
) -> Iterator[Record]:
    """The rows of the first sheet that has a header with all ``columns``.

    columns: wanted name to the names that a header may use for it; compared without case, blanks and underscores. The
    columns in ``optional`` may be missing. Rows whose required cells are all empty are passed over.
    :class:`InputError` names the columns that are missing from the best sheet, with the nearest names that it has.
    """
    best: tuple[int, Sheet, dict[str, int], int] | None = None
    for sheet in sheets:
        for index, row in enumerate(sheet.rows[:_HEADER_ROWS]):
            found = _columns(row, columns)
            if best is None or len(found) > best[0]:
                best = (len(found), sheet, found, index)
    required = [name for name in columns if name not in optional]
    if best is None or not all(name in best[2] for name in required):
        raise InputError(_missing(sheets, best, required, columns))
    _, sheet, places, header = best
    for line, row in enumerate(sheet.rows[header + 1 :], header + 2):
        cells = {name: row[place] if place < len(row) else None for name, place in places.items()}
        if any(as_text(cells[name]) for name in required):
            yield Record(line, cells)


def _columns(row: Sequence[Cell], columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    words = [_plain(cell) for cell in row]
    found: dict[str, int] = {}
    for name, spellings in columns.items():
        place = next((words.index(_plain(each)) for each in spellings if _plain(each) in words), None)
        if place is not None:
            found[name] = place
    return found


def _plain(cell: Cell) -> str:
    return re.sub(r"[\s_]+", "", as_text(cell)).lower()


def _missing(
    sheets: Sequence[Sheet],
    best: tuple[int, Sheet, dict[str, int], int] | None,
    required: Sequence[str],
    columns: Mapping[str, Sequence[str]],
) -> str:
    path = sheets[0].path if sheets else "the annotation"
    if best is None or not best[0]:
        names = ", ".join(f"'{sheet.name}'" for sheet in sheets) or "none"
        return f"{path} holds no table with the columns {', '.join(required)} (sheets: {names}); is it another file?"
    _, sheet, found, header = best
    there = [as_text(cell) for cell in sheet.rows[header] if as_text(cell)]
    parts = []
    for name in required:
        if name not in found:
            near = difflib.get_close_matches(columns[name][0], there, n=1, cutoff=0.5)
            parts.append(f"'{columns[name][0]}'" + (f" (is it '{near[0]}'?)" if near else ""))
    return f"the sheet '{sheet.name}' of {path} lacks the column {', '.join(parts)}; it has {', '.join(there)}."


def _rows_of(data: bytes, suffix: str) -> dict[str, list[tuple[Any, ...]]]:
    if suffix == ".xls" and not data.startswith(b"PK"):
        import xlrd

        book = xlrd.open_workbook(file_contents=data)
        return {
            sheet.name: [
                tuple(sheet.cell_value(row, column) for column in range(sheet.ncols)) for row in range(sheet.nrows)
            ]
            for sheet in book.sheets()
        }
    import openpyxl

    _refuse_entities(data)
    # Not in read-only mode: some releases state wrong dimensions, which that mode believes.
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    for sheet in book.worksheets:
        if sheet.max_row * sheet.max_column > _MOST_CELLS:
            raise InputError(
                f"states a sheet of {sheet.max_row} rows and {sheet.max_column} columns; no annotation is so large."
            )
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def _refuse_entities(data: bytes) -> None:
    """XML in a workbook needs no document type; one that has it can define entities that grow, or that name other files."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                with archive.open(entry) as part:
                    if b"<!" in part.read(4096).replace(b"\0", b"").replace(b"<!--", b""):
                        raise InputError("holds XML with a document type, which no spreadsheet writes; it is not read.")


def _rows_csv(data: bytes) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    if "\0" in text:
        raise ValueError("not text")
    yield (
        "csv",
        [tuple(cell if cell != "" else None for cell in row) for row in csv.reader(io.StringIO(text, newline=""))],
    )


def _trimmed(rows: Sequence[Sequence[Any]]) -> tuple[tuple[Cell, ...], ...]:
    cleaned = [
        tuple(cell if isinstance(cell, (int, float, str)) or cell is None else str(cell) for cell in r) for r in rows
    ]
    while cleaned and not any(as_text(cell) for cell in cleaned[-1]):
        cleaned.pop()
    return tuple(cleaned)


def _below(tree: Tree) -> list[Path]:
    """Folders one and two levels below, those that can hold an annotation: not the hundreds with frames in them."""
    first = [tree.root / name for name in tree.folders(tree.root)]
    if len(first) > 20:
        return []
    second = []
    for path in first:
        inner = [path / name for name in tree.folders(path)]
        second += inner if len(inner) <= 20 else []
    return first + second


def _beside(root: Path) -> list[str]:
    """Plain files in the parent of ``root``."""
    try:
        return sorted(path.name for path in root.parent.iterdir() if path.is_file() and not path.is_symlink())
    except OSError:  # the parent may be closed to this user
        return []


def _release(name: str) -> list[tuple[int, str]]:
    """Sort key: the name without suffix, its numbers as numbers."""
    stem = name.rpartition(".")[0].lower()
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,12})", stem)]
