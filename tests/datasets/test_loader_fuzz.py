"""Every kind of damage that a copied release can have, on any database, at a place that chance chooses: the loaders read what
is there and say what is not, each in one sentence, and never raise anything else."""

from __future__ import annotations

import contextlib
import json
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from dressed import tree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mebench import registry
from mebench.datasets.clothes.dress import CLOTHES
from mebench.datasets.clothes.recording import write_workbook
from mebench.datasets.contract import CheckReport
from mebench.datasets.installed import Installation
from mebench.datasets.sheets import read_workbook

NAMES = sorted(CLOTHES)
WORKBOOKS = [name for name in NAMES if not name.startswith(("smic", "folder"))]
HEADED = [name for name in WORKBOOKS if name != "casme_sq"]
FUZZ = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """One whole tree of each database, written when first asked for."""
    root = tmp_path_factory.mktemp("whole")

    def find(name: str) -> Path:
        if not (root / name).exists():
            tree(name, root / name)
        return root / name

    return find


def copy(whole: Callable[[str], Path], name: str, tmp_path: Path) -> Path:
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    return Path(shutil.copytree(whole(name), tmp_path / "copy"))


def annotation(root: Path) -> Path:
    return next(path for path in root.iterdir() if path.suffix in (".xlsx", ".csv"))


def frames(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in (".jpg", ".bmp"))


def read(name: str, root: Path) -> CheckReport:
    """The report: one sentence a line, all of it JSON, and a level that fits."""
    report = registry.load("datasets", name)(Installation(root)).check(deep=True)
    assert report.lines and report.level in (0, 1, 2)
    assert all(line.strip() and "\n" not in line and "Traceback" not in line for line in report.lines)
    json.dumps(report.details)
    return report


@FUZZ
@given(name=some.sampled_from(WORKBOOKS), part=some.floats(0.0, 0.999))
def test_a_truncated_workbook_is_named(name: str, part: float, whole: Callable[[str], Path], tmp_path: Path) -> None:
    path = annotation(copy(whole, name, tmp_path))
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    report = read(name, path.parent)
    assert report.level == 2 and path.name in report.lines[0] and "copy it again" in report.lines[0]


@FUZZ
@given(name=some.sampled_from(HEADED), before=some.integers(0, 3), prose=some.integers(0, 20), lost=some.booleans())
def test_the_sheet_is_found_by_its_words_wherever_it_stands(
    name: str, before: int, prose: int, lost: bool, whole: Callable[[str], Path], tmp_path: Path
) -> None:
    path = annotation(copy(whole, name, tmp_path))
    rows = read_workbook(path)[0].rows
    sheets = {f"notes {number}": [("some", "words")] for number in range(before)}
    write_workbook(path, {**sheets, "other": [("prose",)] * prose + ([] if lost else list(rows)), "last": [(1, 2)]})
    report = read(name, path.parent)
    if lost:
        assert report.level == 2 and "holds no table" in report.lines[0] and "'other'" in report.lines[0]
    else:
        assert report.details["found"] == 6


@FUZZ
@given(
    name=some.sampled_from(HEADED), place=some.integers(0, 30), new=some.none() | some.sampled_from(["", "X", "unit"])
)
def test_a_missing_column_is_named(
    name: str, place: int, new: str | None, whole: Callable[[str], Path], tmp_path: Path
) -> None:
    path = annotation(copy(whole, name, tmp_path))
    rows = [list(row) for row in read_workbook(path)[0].rows]
    header = next(row for row in rows if {"Subject", "sub_ID"} & set(map(str, row)))
    gone = header[place % len(header)]
    header[place % len(header)] = new
    write_workbook(path, {"Sheet1": rows})
    report = read(name, path.parent)
    if report.level == 2:
        assert f"'{gone}'" in report.lines[0] and "lacks the column" in report.lines[0]
    else:
        assert report.details["found"] == 6  # a column that nobody needs


@FUZZ
@given(
    name=some.sampled_from(NAMES), place=some.integers(0, 1000), data=some.binary(max_size=60) | some.floats(0.05, 0.8)
)
def test_an_unreadable_picture_is_named_and_the_rest_goes_on(
    name: str, place: int, data: bytes | float, whole: Callable[[str], Path], tmp_path: Path
) -> None:
    root = copy(whole, name, tmp_path)
    path = frames(root)[place % len(frames(root))]
    path.write_bytes(data if isinstance(data, bytes) else path.read_bytes()[: int(data * path.stat().st_size)])
    report = read(name, root)
    assert report.details["found"] >= 5
    broken = {**report.details["undecodable"], **report.details["lost"]}
    assert all(path.name in text for text in broken.values()) and len(broken) <= 1


@FUZZ
@given(
    name=some.sampled_from([name for name in NAMES if not name.startswith("smic")]), shift=some.sampled_from([-1, 1, 7])
)
def test_frames_with_other_numbers_never_pass_silently(
    name: str, shift: int, whole: Callable[[str], Path], tmp_path: Path
) -> None:
    import re

    root = copy(whole, name, tmp_path)
    paths = frames(root)
    for path in sorted(paths, key=lambda p: int(re.findall(r"\d+", p.stem)[-1]), reverse=shift > 0):
        number = re.findall(r"\d+", path.stem)[-1]
        head = path.stem[: path.stem.rindex(number)]
        path.rename(path.with_name(f"{head}{int(number) + shift:0{len(number)}d}{path.suffix}"))
    report = read(name, root)
    cut = name == "casme2"  # whose folders hold the frames from onset to offset alone, so that every shift shows
    shown = report.details["gaps"] or report.details["lost"] or report.details["numbering"]
    assert shown or not (cut or abs(shift) > 3)
    if shift == -1 and cut:
        assert "numbered from one less" in report.details["numbering"]


@FUZZ
@given(
    name=some.sampled_from(NAMES), depth=some.integers(1, 2), inner=some.sampled_from(["release", "解压", "a b", "(1)"])
)
def test_a_folder_too_many_is_read_or_refused(
    name: str, depth: int, inner: str, whole: Callable[[str], Path], tmp_path: Path
) -> None:
    root = copy(whole, name, tmp_path)
    outer = tmp_path / "outer"
    shutil.rmtree(outer, ignore_errors=True)
    place = outer.joinpath(*[inner] * depth)
    place.parent.mkdir(parents=True)
    root.rename(place)
    report = read(name, outer)
    if report.level == 2:
        assert any("give the folder" in line or "no clip can be used" in line for line in report.lines)
    else:
        assert report.details["found"] == 6
    assert read(name, place).details["found"] == 6  # the folder itself


@FUZZ
@given(text=some.text(min_size=1, max_size=12), form=some.sampled_from(["NFC", "NFD"]))
def test_any_name_is_a_clip_or_a_finding(text: str, form: str, whole: Callable[[str], Path], tmp_path: Path) -> None:
    root = copy(whole, "folder", tmp_path)
    table = root / "clips.csv"
    quoted = text.replace('"', '""')
    content = table.read_text(encoding="utf-8").replace("person1,person1/clip1,", f'"{quoted}","{quoted}",', 1)
    table.write_bytes(content.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(OSError, ValueError):  # no name of a folder
        (root / "person1" / "clip1").rename(root / unicodedata.normalize(form, text))  # type: ignore[arg-type]
    report = read("folder", root)
    if report.level < 2:
        assert report.details["found"] >= 5 and report.details["subjects"] <= 3


@FUZZ
@given(
    name=some.sampled_from(HEADED),
    end=some.sampled_from(["\r\n", "\r", "\n", "\r\n\r\n"]),
    coding=some.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)
def test_line_ends_and_encodings_of_windows_are_read(
    name: str, end: str, coding: str, whole: Callable[[str], Path], tmp_path: Path
) -> None:
    root = copy(whole, name, tmp_path)
    path = annotation(root)
    rows = [["" if cell is None else str(cell) for cell in row] for row in read_workbook(path)[0].rows]
    path.unlink()
    csv_name = {"casme2": "CASME2-coding.csv", "samm": "SAMM_FACS.csv", "fourd": "4DME_Micro.csv"}.get(name)
    text = end.join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows)
    (root / (csv_name or {"casme": "casme.csv", "mmew": "MMEW.csv"}.get(name, "cas(me)3_part_A.csv"))).write_bytes(
        (text + end).encode(coding)
    )
    assert read(name, root).details["found"] == 6
