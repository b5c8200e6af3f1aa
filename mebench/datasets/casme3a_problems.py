"""The lists of problems that the authors of CAS(ME)^3 publish beside its annotation, read where the user has them.

``error_info_damaged_image_partA.txt`` (images that cannot be opened), ``image_with_bad_quality_partA.txt`` (images of bad
quality) and ``casme3_partA_error_list*.xlsx`` (clips in which a hand covers the face, or a frame does not exist). They may
lie in the database's folder or up to two folders below, such as ``exception``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mebench.datasets.annotation import Row
from mebench.datasets.sheets import as_text, find_annotation, read_workbook
from mebench.datasets.tree import Tree
from mebench.errors import InputError

_IMAGES = {
    "error_info_damaged_image_partA*.txt": "holds images that cannot be opened",
    "image_with_bad_quality_partA*.txt": "holds images of bad quality",
}
_CLIPS = "casme3_partA_error_list*.xls*"

_IMAGE = re.compile(
    r"(?P<subject>spNO\.\d+)[/\\\s]+(?P<video>[a-m])[/\\\s]+(?:color[/\\])?(?P<frame>\d+)\.jpg",
    re.IGNORECASE,
)
"""Either list names an image by subject, letter and number: in a path, or with blanks between them."""

_LARGEST = 10_000_000

Named = tuple[str, str, int]
"""Subject and letter of the recording in lower case, and a frame number."""


def problems(tree: Tree, rows: Sequence[Row]) -> dict[str, str]:
    """By key, what the lists say of a clip between its onset and its offset; empty where there are no lists."""
    found: dict[str, str] = {}
    for pattern, reason in _IMAGES.items():
        if (path := _find(tree, pattern)) is not None:
            _mark(found, rows, set(_images(path)), reason)
    if (path := _find(tree, _CLIPS)) is not None:
        _mark(found, rows, set(_clips(path)), "is in the authors' list of problems")
    return found


def _find(tree: Tree, pattern: str) -> Path | None:
    try:
        return find_annotation(tree, (pattern,), "CAS(ME)^3")
    except InputError:  # the lists are optional
        return None


def _images(path: Path) -> Iterator[Named]:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is larger than {_LARGEST} bytes; it is no list of images.")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}; connect its disk or check the path."
        ) from error
    for match in _IMAGE.finditer(text):
        yield match["subject"].lower(), match["video"].lower(), int(match["frame"])


def _clips(path: Path) -> Iterator[Named]:
    """Every number that stands in one row with a subject and a letter: onset, apex or offset, whatever the columns are
    called."""
    for sheet in read_workbook(path):
        for row in sheet.rows:
            texts = [as_text(cell) for cell in row]
            subject = next((text.lower() for text in texts if re.fullmatch(r"(?i)spNO\.\d+", text)), None)
            video = next((text.lower() for text in texts if re.fullmatch(r"(?i)[a-m]", text)), None)
            if subject and video:
                yield from ((subject, video, int(text)) for text in texts if re.fullmatch(r"\d{1,9}", text))


def _mark(found: dict[str, str], rows: Sequence[Row], named: set[Named], reason: str) -> None:
    for row in rows:
        if row.onset is None:
            continue
        last = row.onset if row.offset is None else row.offset
        subject, video = row.subject.lower(), row.path["video"].lower()
        if any(each[:2] == (subject, video) and row.onset <= each[2] <= last for each in named):
            found.setdefault(row.key, reason)
