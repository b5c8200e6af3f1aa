"""Annotation files that are damaged, renamed or of another kind: one sentence each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dressed import tree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mebench import registry
from mebench.datasets.clothes.recording import write_workbook
from mebench.datasets.installed import Installation
from mebench.datasets.sheets import as_number, read_workbook, records
from mebench.errors import InputError, MebenchError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def casme2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("casme2")
    tree("casme2", root)
    return root


SHEET = "CASME2-coding-20190701.xlsx"


def message(root: Path, name: str = "casme2") -> str:
    """The sentence of a database that cannot be used, from its report."""
    report = registry.load("datasets", name)(Installation(root)).check()
    assert report.level == 2 and len(report.lines) == 1
    assert "\n" not in report.lines[0]
    return report.lines[0]


def copied(casme2: Path, folder: Path) -> Path:
    folder.mkdir()
    shutil.copytree(casme2 / "CASME2_RAW_selected", folder / "CASME2_RAW_selected")
    (folder / SHEET).write_bytes((casme2 / SHEET).read_bytes())
    return folder


def test_a_truncated_workbook(casme2: Path, tmp_path: Path) -> None:
    root = copied(casme2, tmp_path / "d")
    data = (root / SHEET).read_bytes()
    (root / SHEET).write_bytes(data[: len(data) // 2])
    assert "damaged or cut short: copy it again" in message(root)
    (root / SHEET).write_bytes(b"")
    assert "is empty" in message(root)


def test_a_missing_column_is_named_with_its_nearest(casme2: Path, tmp_path: Path) -> None:
    root = copied(casme2, tmp_path / "d")
    rows = [list(row) for row in read_workbook(root / SHEET)[0].rows]
    rows[0][4] = "Apex-Frame"
    write_workbook(root / SHEET, {"Sheet1": rows})
    assert "lacks the column 'ApexFrame' (is it 'Apex-Frame'?)" in message(root)


def test_a_wrong_sheet(casme2: Path, tmp_path: Path) -> None:
    root = copied(casme2, tmp_path / "d")
    rows = read_workbook(root / SHEET)[0].rows
    write_workbook(root / SHEET, {"notes": [("nothing", "here")], "data": rows})
    assert len(registry.load("datasets", "casme2")(Installation(root)).clips()) == 6  # the sheet is found by its words
    write_workbook(root / SHEET, {"notes": [("nothing", "here")], "more": [(1, 2)]})
    assert "no table with the columns subject" in message(root) and "'notes', 'more'" in message(root)


def test_a_missing_annotation_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    assert "put the file CASME2-coding*.xls* or" in message(tmp_path / "d")
    assert "SMIC_all_cropped/HS/s1/micro/negative" in message(tmp_path / "d", "smic_hs")


def test_casme_sq_wants_its_three_sheets(tmp_path: Path) -> None:
    tree("casme_sq", tmp_path / "d")
    path = tmp_path / "d" / "CAS(ME)^2code_final.xlsx"
    sheets = {sheet.name: sheet.rows for sheet in read_workbook(path)}
    write_workbook(path, {"CASFEcode_final": sheets["CASMEcode_final"]})
    assert "has 1 sheet(s)" in message(tmp_path / "d", "casme_sq")
    write_workbook(path, dict(reversed(sheets.items())))
    assert "does not tell macro- from micro-expressions" in message(tmp_path / "d", "casme_sq")


def test_cells_that_make_no_sense_cost_their_row(casme2: Path, tmp_path: Path) -> None:
    root = copied(casme2, tmp_path / "d")
    rows = [list(row) for row in read_workbook(root / SHEET)[0].rows]
    rows[1][3], rows[2][3] = "soon", -4
    write_workbook(root / SHEET, {"Sheet1": rows})
    report = registry.load("datasets", "casme2")(Installation(root)).check()
    assert report.details["found"] == 4 and report.level == 1
    assert "row 2 of" in report.details["unreadable_rows"][0] and any(
        "'soon' is no frame number" in line for line in report.lines
    )


def test_names_outside_ascii(tmp_path: Path) -> None:
    """A folder in decomposed Unicode (as macOS writes it), the annotation in composed Unicode."""
    import unicodedata

    tree("folder", tmp_path / "d")
    table = tmp_path / "d" / "clips.csv"
    table.write_text(
        table.read_text(encoding="utf-8").replace("person1/", "Zoë/").replace("person1", "表情"), encoding="utf-8"
    )
    (tmp_path / "d" / "person1").rename(tmp_path / "d" / unicodedata.normalize("NFD", "Zoë"))
    dataset = registry.load("datasets", "folder")(Installation(tmp_path / "d"))
    assert [clip.subject for clip in dataset.clips()][:3] == ["表情"] * 3
    assert dataset.clips()[0].key == "表情/Zoë/clip1"
    table.write_bytes(table.read_text(encoding="utf-8").encode("gb18030"))  # Excel in China
    assert registry.load("datasets", "folder")(Installation(tmp_path / "d")).clips()[0].subject == "表情"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (12, 12),
        (12.0, 12),
        (" 12 ", 12),
        ("12.0", 12),
        ("/", None),
        ("\\", None),
        (None, None),
        ("", None),
        ("?", None),
    ],
)
def test_frame_numbers(cell: object, number: int | None) -> None:
    assert as_number(cell) == number  # type: ignore[arg-type]


@pytest.mark.parametrize("cell", ["twelve", -3, 12.5, "1e3", "12 13", True, "9" * 12])
def test_what_is_no_frame_number(cell: object) -> None:
    with pytest.raises(ValueError, match="is no frame number"):
        as_number(cell)  # type: ignore[arg-type]


CELLS = some.none() | some.integers(-5, 400) | some.floats(allow_nan=False, allow_infinity=False, width=16)
CELLS |= some.text(some.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=6)
CELLS |= some.sampled_from(["/", "4+L12", "EP02_01f", "nan"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.lists(some.lists(CELLS, max_size=9), max_size=5), some.booleans())
def test_any_table_is_read_or_refused_in_one_sentence(tmp_path: Path, rows: list[list[object]], headed: bool) -> None:
    header = [
        "Subject",
        "Filename",
        None,
        "OnsetFrame",
        "ApexFrame",
        "OffsetFrame",
        None,
        "Action Units",
        "Estimated Emotion",
    ]
    root = tmp_path / "any"
    root.mkdir(exist_ok=True)
    write_workbook(root / SHEET, {"Sheet1": [header, *rows] if headed else rows})
    report = registry.load("datasets", "casme2")(Installation(root)).check(deep=True)
    assert all("\n" not in line for line in report.lines) and report.lines
    if not headed:
        assert report.level == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.binary(max_size=200), some.sampled_from([".xlsx", ".xls", ".csv"]))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    try:
        sheets = read_workbook(path)
        list(records(sheets, {"subject": ("Subject",)}))
    except MebenchError as error:
        assert isinstance(error, InputError) and str(path) in str(error)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=some.floats(0.01, 0.99), flip=some.none() | some.integers(0, 4000))
def test_damaged_workbooks_never_raise_anything_else(
    casme2: Path, tmp_path: Path, cut: float, flip: int | None
) -> None:
    data = bytearray((casme2 / SHEET).read_bytes())
    if flip is not None:
        data[flip % len(data)] ^= 0xFF
    else:
        data = data[: int(cut * len(data))]
    path = tmp_path / SHEET
    path.write_bytes(bytes(data))
    try:
        read_workbook(path)
    except MebenchError as error:
        assert str(path) in str(error)
