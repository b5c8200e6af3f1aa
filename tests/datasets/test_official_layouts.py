"""What owners' releases do beyond the plain case: parts, older and newer sheets, lists of problems, links."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from dressed import recordings, tree

from mebench import registry
from mebench.datasets.census import compare
from mebench.datasets.clothes.recording import write_frames, write_workbook
from mebench.datasets.contract import CheckReport
from mebench.datasets.installed import Installation
from mebench.datasets.recorded import Recorded
from mebench.datasets.sheets import read_workbook


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))


def load(name: str, root: Path, **more: object) -> Recorded:
    found: Recorded = registry.load("datasets", name)(Installation(root, **more))  # type: ignore[arg-type]
    return found


def test_casme_in_two_parts_is_one_database(tmp_path: Path) -> None:
    root = tmp_path / "d"
    tree("casme", root)
    raw = root / "CASME_raw_selected"
    for number, person in enumerate(sorted(raw.iterdir())):
        person.rename(root.joinpath(f"Section {'AB'[number]}", person.name).parent.mkdir() or root / "moved")
        shutil.move(root / "moved", root / f"Section {'AB'[number]}" / person.name)
    raw.rmdir()
    dataset = load("casme", root)
    assert len(dataset.clips()) == 6 and len({clip.subject for clip in dataset.clips()}) == 2
    assert "raw, in parts" in "\n".join(dataset.check().lines)


def test_the_longer_sheet_of_casme_is_a_known_release() -> None:
    dataset = registry.load("datasets", "casme")
    assert compare("casme", [object()] * 193, 189, dataset.releases) == []  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("name", "files", "chosen"),
    [
        ("casme_sq", ["CAS(ME)^2code_final.xlsx", "CAS(ME)^2code_final(Updated).xlsx"], 1),
        ("casme2", ["CASME2-coding-20140508.xlsx", "casme2-coding-20190701.XLSX"], 1),
        ("samm", ["SAMM_Micro_FACS_Codes_v2.xlsx", "SAMM_Micro_FACS_Codes_v10.xlsx"], 1),
        ("casme", ["CASME-coded-20190721.xlsx", "casme.xlsx"], 1),
    ],
    ids=["casme_sq", "casme2", "samm", "casme"],
)
def test_of_two_sheets_the_newer_is_read_and_told(name: str, files: list[str], chosen: int, tmp_path: Path) -> None:
    root = tmp_path / "d"
    tree(name, root)
    (sheet,) = (path for path in root.glob("*.xls*"))
    data = sheet.read_bytes()
    sheet.unlink()
    for each in files:
        (root / each).write_bytes(data)
    report = load(name, root).check()
    assert report.details["annotation"] == files[chosen] and files[chosen] in "\n".join(report.lines)


def test_an_offset_of_samm_is_corrected_before_its_apex_is_judged(tmp_path: Path) -> None:
    """The published offset of 013_1_9 is wrong, so that its apex seems to be out of range."""
    root = tmp_path / "d"
    (clip,) = recordings(1, 1)
    count = len(clip.frames)
    first = 5739 - count + 1
    write_frames(root / "SAMM" / "013" / "013_1_9", clip, lambda number: f"013_{number:05d}.jpg", first)
    header = ("Subject", "Filename", "Onset Frame", "Apex Frame", "Offset Frame", "Action Units", "Estimated Emotion")
    row = ("013", "013_1_9", first, first + 3, first + 1, "12", "Other")
    write_workbook(root / "SAMM_Micro_FACS_Codes_v2.xlsx", {"MICRO": [header, row]})
    (found,) = load("samm", root).clips()
    assert (found.apex, found.offset) == (3, count - 1)
    (left,) = load("samm", root, corrections=False).clips()
    assert "apex out of range in the annotation" in left.flags


def test_either_padding_of_smic(tmp_path: Path) -> None:
    root = tmp_path / "d"
    tree("smic_hs", root)
    people = root / "SMIC_all_cropped" / "HS"
    (people / "s1").rename(people / "s01")
    assert len(load("smic_hs", root).clips()) == 6


def test_lists_of_problems_of_casme3_are_told_and_left_out_on_request(tmp_path: Path) -> None:
    root = tmp_path / "d"
    tree("casme3a", root)
    clips = load("casme3a", root).clips()
    names = [clip.key.split("/") for clip in clips[:3]]
    lists = root / "exception"
    lists.mkdir()
    at = [
        f"{subject} {video.upper()} {int(onset) + 1}.jpg  the image cannot open" for subject, video, onset in names[:1]
    ]
    (lists / "error_info_damaged_image_partA.txt").write_text("\r\n".join(at))
    at = [f"/data/RGB/{subject}/{video}/color/{int(onset) + 2}.jpg" for subject, video, onset in names[1:2]]
    (lists / "image_with_bad_quality_partA.txt").write_text("\n".join(at))
    rows = [("No", "subject", "video", "onset", "problem"), *((1, s, v, int(o), "hand") for s, v, o in names[2:])]
    write_workbook(lists / "casme3_partA_error_list_X.xlsx", {"Sheet1": rows})
    report = load("casme3a", root).check()
    assert sorted(report.details["problems"]) == sorted(clip.key for clip in clips[:3]) and report.level == 0
    assert any("3 clips in the owners' lists of problems, left out with --exclude-problems" in x for x in report.lines)
    kept = load("casme3a", root, exclude_problems=True)
    assert [clip.key for clip in kept.clips()] == [clip.key for clip in clips[3:]]
    assert kept.fingerprint() != load("casme3a", root).fingerprint()


def test_the_sheet_of_casme3_with_macro_expressions_gives_the_micro_ones(tmp_path: Path) -> None:
    root = tmp_path / "d"
    tree("casme3a", root)
    (path,) = root.glob("*.xlsx")
    header, *rows = read_workbook(path)[0].rows
    path.unlink()
    macro = (*rows[0][:2], 900, 905, 910, *rows[0][5:], "Macro-expression")
    table = [(*header, "Expression type"), macro, *[(*row, "Micro-expression") for row in rows]]
    write_workbook(root / "CAS(ME)3_part_A_v2.xlsx", {"AU+Emotion": table, "eye blink": [("Subject", "Filename")]})
    assert len(load("casme3a", root).clips()) == 6


def test_spellings_of_a_subject_are_one_person(tmp_path: Path) -> None:
    """Composed, decomposed and wide letters: a leak check must not take them for two people."""
    root = tmp_path / "d"
    tree("folder", root)
    table = root / "clips.csv"
    head, *lines = table.read_text(encoding="utf-8").splitlines()
    names = [unicodedata.normalize("NFC", "Zoë"), unicodedata.normalize("NFD", "Zoë"), "ｚｏë", "ZOË"]
    lines = [",".join([names[i % 4], *line.split(",")[1:]]) for i, line in enumerate(lines)]
    table.write_text("\n".join([head, *lines]), encoding="utf-8")
    clips = load("folder", root).clips()
    assert len(clips) == 6 and {clip.subject for clip in clips} == {names[0]}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("per\u202eson", "U+202E"),
        ("p\u0435rson", "looks like a Latin letter"),
        ("per\u200bson", "U+200B"),
        ("a\x07b", "U+0007"),
    ],
    ids=["direction", "homoglyph", "zero-width", "control"],
)
def test_names_that_are_tricks_cost_their_row(name: str, told: str, tmp_path: Path) -> None:
    root = tmp_path / "d"
    tree("folder", root)
    table = root / "clips.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("person1,", f"{name},", 1), encoding="utf-8")
    report = load("folder", root).check()
    assert report.details["found"] == 5 and told in report.details["unreadable_rows"][0]
    assert all(character.isprintable() for line in report.lines for character in line)


def test_links_out_of_the_folder_are_followed_on_request_alone(tmp_path: Path) -> None:
    root, away = tmp_path / "d", tmp_path / "away"
    tree("casme2", root)
    (root / "CASME2_RAW_selected" / "sub01").rename(away)
    (root / "CASME2_RAW_selected" / "sub01").symlink_to(away)
    secret = tmp_path / "secret.jpg"
    shutil.copy(next(away.rglob("*.jpg")), secret)
    inner = next((root / "CASME2_RAW_selected" / "sub02").rglob("*.jpg"))
    inner.unlink()
    inner.symlink_to(secret)
    report = load("casme2", root).check()
    assert report.details["found"] <= 3 and len(report.details["passed_over"]) == 2
    assert "--follow-links" in "\n".join(report.lines)
    assert len(load("casme2", root, links=True).clips()) == 6


def test_what_is_no_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    root = tmp_path / "d"
    tree("casme2", root)
    frame = next((root / "CASME2_RAW_selected").rglob("*.jpg"))
    frame.unlink()
    os.mkfifo(frame)
    frame.with_name("loop.jpg").symlink_to(frame.with_name("loop.jpg"))
    report = load("casme2", root).check(deep=True)
    assert report.details["found"] >= 5 and "loop.jpg" in str(report.details["passed_over"])


def one_screen(report: CheckReport, width: int = 100, height: int = 45) -> bool:
    return sum(1 + len(line) // width for line in report.lines) <= height


def test_the_report_of_a_ruin_is_one_screen(tmp_path: Path) -> None:
    root = tmp_path / "d"
    tree("casme2", root, recordings(8, 6))
    frames = sorted((root / "CASME2_RAW_selected").rglob("*.jpg"))
    for number, frame in enumerate(frames):
        if number % 7 == 0:
            frame.unlink()
        elif number % 5 == 0:
            frame.write_bytes(b"no picture")
    for number in range(60):
        (root / "CASME2_RAW_selected" / "sub01" / f"EP{number}_99").mkdir()
    (path,) = root.glob("*.xlsx")
    rows = [list(row) for row in read_workbook(path)[0].rows]
    for row in rows[1:20]:
        row[7] = "soft focus, or else"
    for row in rows[20:]:
        row[3] = "soon"
    write_workbook(path, {"Sheet1": rows})
    report = load("casme2", root).check(deep=True)
    assert report.level >= 1 and one_screen(report) and len(report.details["undecodable"]) > 3
