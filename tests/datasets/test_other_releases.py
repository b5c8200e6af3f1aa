"""Releases that the clothes do not cover: the extended SMIC, the templates of the challenge, selected clips of CAS(ME)^2."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from dressed import recordings, tree

from mebench import registry
from mebench.datasets.clothes.recording import write_frames, write_workbook
from mebench.datasets.installed import Installation
from mebench.errors import ConfigError, InputError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(("name", "part"), [("smic_hs", "HS"), ("smic_vis", "VIS"), ("smic_nir", "NIR")])
def test_the_extended_smic_is_cut_out_of_long_clips(name: str, part: str, tmp_path: Path) -> None:
    root = tmp_path / "d"
    rows: list[tuple[object, ...]] = [("Subject", "Filename", "Emotion", "OnsetF", "OffsetF")]
    for clip in recordings(people=2, each=1):
        called = f"s{clip.person}_po_01"
        place = root / "SMIC-E_raw image" / f"{part}_long" / f"SMIC-{part}-E" / f"s{clip.person:02d}" / called
        write_frames(place, clip, lambda number: f"image{number:06d}.jpg", 100)
        rows.append((clip.person, called, "positive", 100 + clip.onset, 100 + clip.offset))
    write_workbook(root / f"SMIC-{part}-E_annotation.xlsx", {"Sheet1": rows})
    clips = registry.load("datasets", name)(Installation(root)).clips()
    assert [(c.key, c.subject, c.emotion) for c in clips] == [
        ("s1/s1_po_01", "s1", "positive"),
        ("s2/s2_po_01", "s2", "positive"),
    ]
    assert [c.frames.count for c in clips] == [c.offset - c.onset + 1 for c in recordings(people=2, each=1)]


def test_the_selected_expressions_of_casme_sq_do_where_the_long_videos_are_missing(tmp_path: Path) -> None:
    made = tree("casme_sq", tmp_path / "d", recordings(each=1))
    before = registry.load("datasets", "casme_sq")(Installation(tmp_path / "d")).clips()
    for clip in made:
        person = 14 + clip.person
        target = tmp_path / "d" / "selectedpic" / f"s{person}" / "anger1_1"
        target.parent.mkdir(parents=True)
        shutil.move(tmp_path / "d" / "rawpic" / f"s{person}" / f"{person}_0401anger1", target)
    dataset = registry.load("datasets", "casme_sq")(Installation(tmp_path / "d"))
    assert [clip.key for clip in dataset.clips()] == [clip.key for clip in before]
    assert dataset.check().details["layout"] == "expressions in selectedpic"


def test_templates_are_portraits_without_clips(tmp_path: Path) -> None:
    load = registry.load("datasets", "megc-templates")
    assert not load().available
    with pytest.raises(ConfigError, match="mebench data add megc-templates PATH"):
        load().portrait("normalized_westernMale")
    picture = np.full((40, 30, 3), 90, np.uint8)
    for name in ("normalized_westernMale.jpg", "normalized_asianFemale.PNG"):
        cv2.imwrite(
            str(tmp_path / name.lower().replace("westernmale", "westernMale").replace("asianfemale", "asianFemale")),
            picture,
        )
    dataset = load(Installation(tmp_path))
    assert [portrait.key for portrait in dataset.portraits()] == ["normalized_westernMale", "normalized_asianFemale"]
    assert dataset.portraits()[0].read().shape == (40, 30, 3) and dataset.clips() == []
    assert dataset.check().complete and not dataset.terms.may_show_frames and len(dataset.fingerprint()) == 16
    (tmp_path / "normalized_westernMale.jpg").unlink()
    assert load(Installation(tmp_path)).check().level == 2
    with pytest.raises(InputError, match=r"put normalized_westernMale\.jpg there"):
        load(Installation(tmp_path)).portraits()
