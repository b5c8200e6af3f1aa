"""Text that is made to deceive: names, tables, JSON and YAML in which something acts, hides or passes for something else."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel

import mebench
from mebench import strict_yaml
from mebench.csv_text import csv_text, safe_cell
from mebench.datasets.clothes.recording import write_workbook
from mebench.datasets.sheets import read_workbook
from mebench.errors import ConfigError, InputError
from mebench.leaderboard import strict_json
from mebench.leaderboard.tables import read_bounds
from mebench.names import trick, visible
from mebench.runs.external import find_videos

TRICKS = {
    "direction": "mag\u202eplus",
    "isolate": "mag\u2066plus",
    "zero-width": "mag\u200bplus",
    "byte-order": "\ufeffmagplus",
    "escape": "mag\x1b[2Jplus",
    "null": "mag\0plus",
    "cyrillic": "m\u0430gplus",
    "greek": "MA\u0393\u0399C \u039cagplus",
    "line": "mag\u2028plus",
    "tag": "mag\U000e0041plus",
}


@pytest.mark.parametrize("text", TRICKS.values(), ids=TRICKS)
def test_tricks_are_told(text: str) -> None:
    assert trick(text)
    with pytest.raises(InputError, match=r"U\+[0-9A-F]{4}"):
        strict_json.parse(f'{{"title": {json.dumps(text)}}}'.encode(), "card.json")


@pytest.mark.parametrize("text", ["β-VAE", "Zoë", "微表情 2", "Москва", "naïve façade", "a+b (c) [d]", "λ = 0.5"])
def test_honest_names_pass(text: str) -> None:
    assert trick(text) is None and visible(text) == text


@given(some.text())
def test_what_is_shown_acts_on_no_terminal(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", shown)


class Card(BaseModel):
    title: str


def test_yaml_shows_what_it_means() -> None:
    for text in TRICKS.values():
        with pytest.raises(ConfigError) as caught:
            strict_yaml.parse(f'# a card\ntitle: "{text.encode("unicode_escape").decode()}"', Card, "card.yaml")
        assert "card.yaml" in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"line 1 of card\.yaml: the key"):
        strict_yaml.parse('"ti\\u202etle": a', Card, "card.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]",
        "title: !!python/object/apply:os.system ['true']",
        "title: !include /etc/passwd",
        "title: [" + "[" * 5000,
        "title: {" + "a: {" * 5000,
        "title: 2026-13-45",
        "? [a, b]\n: c",
    ],
    ids=["laughs", "object", "include", "deep-list", "deep-map", "date", "complex-key"],
)
def test_yaml_that_grows_or_acts(text: str) -> None:
    with pytest.raises(ConfigError, match=r"card\.yaml"):
        strict_yaml.parse(text, Card, "card.yaml")


@pytest.mark.parametrize(
    "text",
    ['{"a": NaN}', '{"a": Infinity}', '{"a": 1e999}', '{"a": 1, "a": 2}', "[" * 100_000, '{"a": ' + "9" * 5000 + "}", '{"a": "\\ud800"}'],
    ids=["nan", "infinite", "too-large", "twice", "deep", "digits", "half-a-pair"],
)  # fmt: skip
def test_json_that_lies(text: str) -> None:
    with pytest.raises(InputError, match=r"given\.json"):
        strict_json.parse(text.encode(), "given.json")


# Tables

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " =cmd|'/c calc'!A1",
    "＝1+1",
    '=HYPERLINK("x")',
    "-",
    "+a",
]


@pytest.mark.parametrize("text", FORMULAS, ids=range(len(FORMULAS)))
def test_no_cell_is_a_formula(text: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_text([["clip", text, -0.5, "-0.5", "1e-3", None]])))
    assert not row[1].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert row[0] == "clip" and row[2:] == ["-0.5", "-0.5", "1e-3", ""]
    data = f'bound,task,status,gain,reasons\nfloor,"{text.replace(chr(34), chr(34) * 2)}",ok,0.5,\n'.encode()
    with pytest.raises(InputError, match=r"formula in a spreadsheet"):
        read_bounds(data, "bounds.csv", {"gain": 1})


def test_text_of_a_workbook_stays_text(tmp_path: Path) -> None:
    import openpyxl

    write_workbook(tmp_path / "a.xlsx", {"Sheet1": [("Subject", "=1+1"), (1, "@SUM(A1)")]})
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells) and cells[1].value == "=1+1"
    assert read_workbook(tmp_path / "a.xlsx")[0].rows[0] == ("Subject", "=1+1")


@given(some.floats(allow_nan=False, allow_infinity=False) | some.integers(-(2**53), 2**53), some.text(max_size=8))
def test_numbers_come_back_from_tables(number: float, text: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_text([[repr(number), text, number]])))
    assert float(row[0]) == float(row[2]) == number
    assert row[1] == safe_cell(row[1])  # written once or twice, the same


KNOWN_WRITERS = {
    "mebench/csv_text.py": "the one writer",
    "mebench/datasets/clothes/own_clips.py": "rendered clips, named by number",
    "mebench/training/": "logs of numbers",
    "mebench/leaderboard/study/build.py": "the empty sheet of coders",
    "mebench/leaderboard/rounds/sealed.py": "numbered names alone",
}


def test_every_writer_of_tables_is_known() -> None:
    root = Path(mebench.__file__).parent
    unknown = [
        str(path.relative_to(root.parent))
        for path in sorted(root.rglob("*.py"))
        if re.search(r"csv\.(writer|DictWriter)\(", path.read_text(encoding="utf-8"))
        and not any(str(path.relative_to(root.parent)).startswith(known) for known in KNOWN_WRITERS)
    ]
    assert unknown == []


# Returned videos


def test_links_and_pipes_among_returned_videos(tmp_path: Path) -> None:
    class Task:
        key = "cross--a--b"

    secret = tmp_path / "secret.mkv"
    secret.write_bytes(b"x")
    for make in (lambda p: p.symlink_to(secret), os.mkfifo):
        folder = tmp_path / "videos"
        folder.mkdir()
        make(folder / "cross--a--b.mkv")
        with pytest.raises(InputError, match=r"plain files or folders of frames"):
            find_videos(folder, [Task()])  # type: ignore[list-item]
        (folder / "cross--a--b.mkv").unlink()
        folder.rmdir()
