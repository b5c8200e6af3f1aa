"""Published corrections: by key, only where the wrong value still stands, and told one by one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dressed import recordings, tree

from mebench import registry
from mebench.datasets.action_units import SAMM, parse
from mebench.datasets.annotation import Row
from mebench.datasets.census import COUNTS, UNITS, compare
from mebench.datasets.corrections import CORRECTIONS, SWAPPED, Correction, correct, swap_labels
from mebench.datasets.installed import Installation


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))


ROW = Row("spNO.149", "d/112", 112, 83, 130)


@pytest.mark.parametrize(
    ("apex", "after", "outcome"),
    [(83, 123, "applied"), (123, 123, "already fixed upstream"), (90, 90, "unexpected"), (None, None, "unexpected")],
)
def test_a_correction_that_knows_the_wrong_value(apex: int | None, after: int | None, outcome: str) -> None:
    given = (Correction("spNO.149/d/112", "apex", 123, 83),)
    (row,), (told,) = correct([replace(ROW, apex=apex)], given, SAMM)
    assert (row.apex, told.outcome) == (after, outcome)
    assert ("apex corrected" in row.flags) == (outcome == "applied")
    assert row.key == ROW.key


def test_a_clip_that_is_not_there_is_told() -> None:
    _, (told,) = correct([ROW], (Correction("nobody/x", "apex", 1),), SAMM)
    assert str(told) == "nobody/x: apex 1: no such clip"


def test_only_a_choice_of_units_is_resolved() -> None:
    given = (Correction("007/007_6_1", "units", "R12+R15"),)
    for text, names in (("R12 or R15", ("R12", "R15")), ("R12+R15", ("R12", "R15")), ("L4", ("L4",))):
        (row,), _ = correct([Row("007", "007_6_1", 1, 2, 3, parse(text, SAMM))], given, SAMM)
        assert row.units.names() == names


def test_the_tables_hold_what_was_published() -> None:
    sizes = {name: len(entries) for name, entries in CORRECTIONS.items()}
    assert sizes == {"casme": 11, "casme2": 22, "samm": 9, "mmew": 32, "casme3a": 7}
    assert sum(each.flag == "apex estimated" for each in CORRECTIONS["casme2"]) == 21


def test_labels_of_two_rows_are_swapped_in_the_first_release_alone() -> None:
    first, second = (Row(*key.split("/"), 1, 2, 3, parse(text)) for key, text in zip(SWAPPED, ("4", "12"), strict=True))
    rows, _ = swap_labels([first, ROW, second], "4DME_Labelling_Micro_release v1.xlsx")
    assert [row.units.names() for row in rows] == [("12",), (), ("4",)]
    rows, told = swap_labels([first, second], "4DME_Labelling_Micro_release_2.xlsx")
    assert rows == [first, second] and "left as they are" in told[0]


def test_a_database_corrects_itself_unless_told_otherwise(tmp_path: Path) -> None:
    """The estimated apex of one clip of CASME II, in a tree in its clothes."""
    made = [replace(each, person=4) for each in recordings(people=1, each=1)] * 7
    made = [replace(each, number=number + 1) for number, each in enumerate(made)]
    tree("casme2", tmp_path / "d", made)
    from mebench.datasets.clothes.recording import write_workbook
    from mebench.datasets.sheets import read_workbook

    path = tmp_path / "d" / "CASME2-coding-20190701.xlsx"
    rows = [list(row) for row in read_workbook(path)[0].rows]
    old = rows[7][1]
    rows[7][1] = "EP12_01f"
    shift = 279 - (rows[7][3] + 4)
    rows[7][3], rows[7][5] = rows[7][3] + shift, rows[7][5] + shift
    write_workbook(path, {"Sheet1": rows})
    folder = tmp_path / "d" / "CASME2_RAW_selected" / "sub04"
    (folder / old).rename(folder / "EP12_01f")
    for file in sorted((folder / "EP12_01f").iterdir(), key=lambda f: int(f.stem[3:]), reverse=shift > 0):
        file.rename(file.with_name(f"img{int(file.stem[3:]) + shift}.jpg"))
    load = registry.load("datasets", "casme2")
    clip = load(Installation(tmp_path / "d")).clip("04/EP12_01f")
    assert (clip.apex, clip.flags) == (4, ("apex estimated",))
    report = load(Installation(tmp_path / "d")).check()
    assert report.details["corrected"] == ["04/EP12_01f: apex 279: applied"] and report.level == 0
    untouched = load(Installation(tmp_path / "d", corrections=False)).clip("04/EP12_01f")
    assert untouched.flags == ("apex unknown, middle taken",)


def test_the_published_table_adds_up() -> None:
    totals = [sum(column) for column in zip(*COUNTS.values(), strict=True)]
    assert dict(zip(UNITS, totals, strict=True)) == {
        1: 304, 2: 280, 4: 708, 5: 134, 6: 60, 7: 252, 9: 117, 10: 75, 12: 176, 14: 277, 15: 52, 17: 86,
    }  # fmt: skip
    assert sum(totals) == 2521


def test_cells_that_differ_from_the_published_table_are_printed(tmp_path: Path) -> None:
    tree("mmew", tmp_path / "d")
    clips = registry.load("datasets", "mmew")(Installation(tmp_path / "d")).clips()
    assert compare("mmew", clips, 300, {}) == []  # far from whole: nothing to compare
    first, second = compare("mmew", clips, 6, {})
    assert "AU1: 2 clips, 50 published" in first and "AU14:" in first and "300 clips" in second
