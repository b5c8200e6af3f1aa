"""Each loader on a tree in its database's clothes: layout, annotation, quirks, and what is told of damage."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from dressed import recordings, tree

from mebench import registry
from mebench.datasets.clothes import mmew
from mebench.datasets.clothes.dress import CLOTHES
from mebench.datasets.clothes.recording import write_workbook
from mebench.datasets.installed import Installation
from mebench.datasets.recorded import Recorded
from mebench.datasets.sheets import read_workbook
from mebench.errors import ConfigError, InputError

NAMES = tuple(CLOTHES)
CODED = tuple(name for name in NAMES if not name.startswith("smic"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))


def load(name: str, root: Path, **options: bool) -> Recorded:
    dataset: Recorded = registry.load("datasets", name)(Installation(root, **options))
    return dataset


@pytest.mark.parametrize("name", NAMES)
def test_everything_written_is_read_back(name: str, tmp_path: Path) -> None:
    made = tree(name, tmp_path / "d")
    dataset = load(name, tmp_path / "d")
    clips = dataset.clips()
    assert len(clips) == len(made) == 6
    assert len({clip.key for clip in clips}) == 6 and len({clip.subject for clip in clips}) == 2
    written = {(m.person, m.number): m for m in made}
    order = sorted(written) if not name.startswith("smic") else None
    for index, clip in enumerate(clips):
        assert clip.fps == CLOTHES[name].fps and clip.domain == clip.dataset == name
        assert clip.onset == 0 and clip.offset == clip.frames.count - 1
        frames = clip.frames.array()
        assert frames.shape == (clip.frames.count, clip.frames.height, clip.frames.width, 3)
        if order is None:
            assert clip.action_units == ()
            continue
        original = written[order[index]]
        assert clip.action_units == original.units
        if "offset unknown, apex taken" not in clip.flags:
            assert clip.offset == original.offset - original.onset
        assert clip.apex == original.apex - original.onset
        wanted = original.frames[original.onset]
        if name == "samm":  # written in grey
            wanted = np.repeat((wanted @ [0.299, 0.587, 0.114])[..., None], 3, axis=-1)
        assert np.abs(frames[0].astype(float) - wanted).mean() < 12  # JPEG, chroma at half resolution
    report = dataset.check(deep=True)
    assert report.complete and report.level == 0, report.lines


@pytest.mark.parametrize("name", NAMES)
def test_portraits_are_onset_frames_one_a_subject(name: str, tmp_path: Path) -> None:
    tree(name, tmp_path / "d", recordings(each=1))
    dataset = load(name, tmp_path / "d")
    portraits = dataset.portraits()
    assert [p.subject for p in portraits] == list(dict.fromkeys(clip.subject for clip in dataset.clips()))
    for portrait in portraits:
        clip = dataset.clip(portrait.key.removeprefix("onset:"))
        assert np.array_equal(portrait.read(), clip.frames.array()[clip.onset])
    assert dataset.clips("train") == [] and dataset.portraits("train") == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_may_be_shown_by_default(name: str, tmp_path: Path) -> None:
    terms = load(name, tmp_path).terms
    assert not (terms.may_show_frames or terms.may_show_generated or terms.publishable_subjects)
    listed = registry.load("datasets", name)(Installation(tmp_path, ("s1",))).terms
    assert listed.publishable_subjects == {"s1"} and not listed.may_show_frames


def test_mmew_is_read_with_and_without_the_person_level(tmp_path: Path) -> None:
    made = recordings()
    mmew.write(made, tmp_path / "flat")
    mmew.write(made, tmp_path / "deep", by_person=True)
    flat, deep = load("mmew", tmp_path / "flat"), load("mmew", tmp_path / "deep")
    assert [c.key for c in flat.clips()] == [c.key for c in deep.clips()]
    assert "person" in deep.check().details["layout"] and "emotion" in flat.check().details["layout"]


def test_the_owner_may_wrap_the_release_in_a_folder(tmp_path: Path) -> None:
    tree("casme2", tmp_path / "d")
    inner = tmp_path / "d" / "CASME2_RAW_selected"
    shutil.move(tmp_path / "d" / "CASME2-coding-20190701.xlsx", inner)
    assert len(load("casme2", inner).clips()) == 6  # the inner folder is given, the annotation lies in it
    assert len(load("casme2", tmp_path / "d").clips()) == 6  # or the outer one


def test_casme3_keeps_the_expressions_of_one_recording_apart(tmp_path: Path) -> None:
    tree("casme3a", tmp_path / "d", recordings(each=4))
    dataset = load("casme3a", tmp_path / "d")
    keys = [clip.key for clip in dataset.clips()]
    assert keys[:2] == ["spNO.1/a/2", "spNO.1/a/502"]
    assert dataset.clip("spNO.1/a2").key == "spNO.1/a/502"  # the name that other programs use
    report = dataset.check()
    assert report.level == 0 and list(report.details["gaps"].values()) == [1] * len(report.details["gaps"]) != []


def test_an_unknown_apex_is_the_middle_and_is_told(tmp_path: Path) -> None:
    tree("casme2", tmp_path / "d", recordings(people=7, each=1))
    clip = load("casme2", tmp_path / "d").clips()[6]
    assert clip.flags == ("apex unknown, middle taken",) and clip.apex == clip.offset // 2


def test_subjects_of_samm_get_their_zeros_back(tmp_path: Path) -> None:
    tree("samm", tmp_path / "d", recordings(people=3, each=3))
    dataset = load("samm", tmp_path / "d")
    assert {clip.subject for clip in dataset.clips()} == {"001", "002", "003"}
    assert dataset.clips()[8].flags == ("apex out of range in the annotation", "apex unknown, middle taken")


def test_old_excel_and_csv_files_are_read_too(tmp_path: Path) -> None:
    xlwt = pytest.importorskip("xlwt")
    tree("casme", tmp_path / "d")
    source = tmp_path / "d" / "casme.xlsx"
    rows = read_workbook(source)[0].rows
    before = load("casme", tmp_path / "d").fingerprint()
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if cell is not None:
                sheet.write(y, x, cell)
    source.unlink()
    book.save(str(tmp_path / "d" / "CASME-coded-20190721.xls"))
    assert load("casme", tmp_path / "d").fingerprint() == before
    (tmp_path / "d" / "CASME-coded-20190721.xls").unlink()
    text = "\r\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    (tmp_path / "d" / "casme.csv").write_bytes(b"\xef\xbb\xbf" + text.encode("utf-8"))
    assert load("casme", tmp_path / "d").fingerprint() == before  # Windows line ends and byte order mark


def test_the_fingerprint_knows_labels_and_frames(tmp_path: Path) -> None:
    tree("mmew", tmp_path / "d")
    before = load("mmew", tmp_path / "d").fingerprint()
    assert load("mmew", tmp_path / "d").fingerprint() == before
    folder = tmp_path / "d" / "MMEW_Final" / "Micro_Expression" / "happiness" / "S01-01-001"
    (folder / "4.jpg").unlink()
    assert load("mmew", tmp_path / "d").fingerprint() != before
    # What lies outside onset and offset does not count.
    (folder / "4.jpg").write_bytes((folder / "3.jpg").read_bytes())
    (folder / "99.jpg").write_bytes((folder / "3.jpg").read_bytes())
    assert load("mmew", tmp_path / "d").fingerprint() == before


def test_the_fingerprint_of_own_clips_knows_the_sizes_of_their_files(tmp_path: Path) -> None:
    """No release decides what is on them; two sets of pictures with one table must not be taken for each other."""
    tree("folder", tmp_path / "d")
    before = load("folder", tmp_path / "d").fingerprint()
    shutil.copytree(tmp_path / "d", tmp_path / "copy")
    assert load("folder", tmp_path / "copy").fingerprint() == before
    dataset = load("folder", tmp_path / "d")
    found = dataset.contents.cuts[dataset.clips()[0].key]
    found.files[1].write_bytes(found.files[1].read_bytes() + b"0")
    assert load("folder", tmp_path / "d").fingerprint() != before


def test_the_state_of_a_clip_knows_its_own_files(tmp_path: Path) -> None:
    """A picture of the same size in bytes, written later, is another picture."""
    tree("samm", tmp_path / "d")
    dataset = load("samm", tmp_path / "d")
    first, second = (clip.key for clip in dataset.clips()[:2])
    before = dataset.frames_state(first), dataset.frames_state(second)
    path = dataset.contents.cuts[first].files[1]
    os.utime(path, ns=(1, 1))
    assert dataset.frames_state(first) != before[0] and dataset.frames_state(second) == before[1]
    assert load("samm", tmp_path / "d").fingerprint() == dataset.fingerprint()
    path.unlink()
    assert dataset.frames_state(first) != before[0]


def test_a_dataset_that_was_not_added_says_how(tmp_path: Path) -> None:
    dataset = registry.load("datasets", "casme2")()
    with pytest.raises(ConfigError, match="mebench data add casme2 PATH"):
        dataset.clips()
    assert not dataset.available and dataset.check().level == 0


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_told_clip_by_clip_and_the_rest_goes_on(name: str, tmp_path: Path) -> None:
    """One folder is missing, one image cannot be decoded, a folder too many lies about."""
    tree(name, tmp_path / "d")
    dataset = load(name, tmp_path / "d")
    clips = dataset.clips()
    files = dataset.contents.cuts
    broken, gone = clips[0].key, clips[-1].key
    files[broken].files[files[broken].apex].write_bytes(b"\xff\xd8 no picture")
    shutil.rmtree(files[gone].files[0].parent)
    (tmp_path / "d" / "a folder too many").mkdir()
    (tmp_path / "d" / "a folder too many" / "Thumbs.db").write_bytes(b"x")
    again = load(name, tmp_path / "d")
    report = again.check()
    assert report.level == 1 and not report.complete
    assert list(report.details["undecodable"]) == [broken]
    if name.startswith("smic"):
        assert report.details["annotated"] == 5  # the folders are the annotation
    else:
        assert gone in report.details["lost"]
        with pytest.raises(InputError, match="frames"):
            again.clip(gone)
    with pytest.raises(InputError, match="not a picture"):
        again.clip(broken).frames.array()
    assert len(again.clips()) == len(clips) - len(report.details["lost"]) - (6 - report.details["annotated"])


def test_frames_counted_from_zero_are_noticed(tmp_path: Path) -> None:
    tree("mmew", tmp_path / "d")
    for folder in (tmp_path / "d" / "MMEW_Final" / "Micro_Expression").glob("*/*"):
        for number in sorted(int(path.stem) for path in folder.iterdir()):
            (folder / f"{number}.jpg").rename(
                folder / f"{number - 2}.jpg" if number == 1 else folder / f"{number - 1}.jpg"
            )
        (folder / f"{len(list(folder.iterdir())) - 1}.jpg").unlink()
    report = load("mmew", tmp_path / "d").check()
    assert report.level == 1 and "numbered from one less" in report.details["numbering"]


def test_frames_of_two_sizes_are_refused_by_name(tmp_path: Path) -> None:
    tree("fourd", tmp_path / "d")
    clip = load("fourd", tmp_path / "d").clips()[0]
    files = load("fourd", tmp_path / "d").contents.cuts[clip.key].files
    tree("fourd", tmp_path / "other", recordings(people=1, each=1, side=32))
    other = next((tmp_path / "other" / "gray_micro").rglob("*.jpg"))
    files[3].write_bytes(other.read_bytes())
    with pytest.raises(InputError, match=f"{files[3].name} differs in size"):
        load("fourd", tmp_path / "d").clips()[0].frames.array()


def test_own_clips_stay_inside_their_folder(tmp_path: Path) -> None:
    tree("folder", tmp_path / "d")
    with (tmp_path / "d" / "clips.csv").open("a", encoding="utf-8") as table:
        table.write("eve,../../secret,30,1,2,3,4,\nbob,clip,fast,1,2,3,4,\n")
    report = load("folder", tmp_path / "d").check()
    first, second = report.details["unreadable_rows"]
    assert "lies outside the folder" in first and "'fast' is no frame rate" in second and report.level == 1


def test_two_rows_with_one_key_are_told(tmp_path: Path) -> None:
    tree("casme2", tmp_path / "d")
    path = tmp_path / "d" / "CASME2-coding-20190701.xlsx"
    rows = list(read_workbook(path)[0].rows)
    write_workbook(path, {"Sheet1": [*rows, rows[1]]})
    (finding,) = load("casme2", tmp_path / "d").check().details["unreadable_rows"]
    assert "row 8" in finding and "stands in row 2 too" in finding


def test_listings_are_remembered_until_a_folder_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    tree("samm", tmp_path / "d")
    before = load("samm", tmp_path / "d").fingerprint()
    listed: list[str] = []
    scan = os.scandir
    monkeypatch.setattr("mebench.datasets.tree.os.scandir", lambda path: listed.append(str(path)) or scan(path))
    inside = str(tmp_path / "d" / "SAMM")  # the annotation is looked for in the folder above anew
    assert load("samm", tmp_path / "d").fingerprint() == before
    assert [path for path in listed if path.startswith(inside)] == []
    place = tmp_path / "d" / "SAMM" / "001" / "001_2_1"
    next(place.iterdir()).unlink()
    load("samm", tmp_path / "d").clips()
    assert [path for path in listed if path.startswith(inside)] == [str(place)]


def test_columns_of_4dme_that_contradict_the_text_are_told(tmp_path: Path) -> None:
    tree("fourd", tmp_path / "d")
    path = tmp_path / "d" / "4DME_Labelling_Micro_release v1.xlsx"
    rows = [list(row) for row in read_workbook(path)[0].rows]
    rows[1][rows[0].index("AU4")] = 1
    write_workbook(path, {"Sheet1": rows})
    report = load("fourd", tmp_path / "d").check()
    assert report.details["notes"] == ["the columns of units contradict the text, which is used: S01_001_01_1 (AU4)"]
    assert load("fourd", tmp_path / "d").clips()[0].action_units == ("L12",)
