"""In the place of pictures of licensed faces a submission holds numbers that the site draws. What else could be in them?"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from board_run import FACTS, write_run
from test_submit_verify import errors, seal

from mebench.datasets.contract import Terms
from mebench.datasets.nobody import CELLS, GRID
from mebench.datasets.synme.dataset import Synme
from mebench.leaderboard import submit as packer
from mebench.leaderboard.arrows import STEPS, arrows
from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.licensed import motion_withheld, withheld
from mebench.leaderboard.limits import size_allowed
from mebench.leaderboard.site.build import build_site
from mebench.leaderboard.submit import submit

FRAMES, ONSET, APEX, OFFSET = 10, 1, 4, 8
SHAPE = np.array([0, 0, 0.3, 0.7, 1, 0.8, 0.5, 0.2, 0, 0])


def moving(reach: float) -> np.ndarray:
    """A smooth field that comes and goes, in pixels of 256."""
    y, x = np.mgrid[:128, :128] / 128.0
    bump = np.exp(-((x - 0.6) ** 2 + (y - 0.7) ** 2) / 0.01)
    return (reach * SHAPE[:, None, None, None] * np.stack([bump, -bump], axis=-1)).astype(np.float32)


def motion_file(tasks: tuple[str, ...] = ("self--c0", "cross--c0")) -> dict[str, Any]:
    panels = [
        {"role": role, **arrows(moving(reach), ONSET, APEX, 256)} for role, reach in (("driving", 2.0), ("output", 1.0))
    ]
    marks = {"size": 256, "fps": 30.0, "frames": FRAMES, "onset": ONSET, "apex": APEX, "offset": OFFSET}
    curves = {
        "peak_px": 2.0,
        "reference": (100 * SHAPE).astype(int).tolist(),
        "output": (50 * SHAPE).astype(int).tolist(),
    }
    return {"schema_version": 3, "clips": [{"task": t, **marks, "panels": panels, "curves": curves} for t in tasks]}


@pytest.fixture
def terms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Terms], None]]:
    """Gives the open set other terms."""

    def change(given: Terms) -> None:
        withheld.cache_clear()
        motion_withheld.cache_clear()
        monkeypatch.setattr(Synme, "terms", given)

    yield change
    withheld.cache_clear()
    motion_withheld.cache_clear()


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terms: Callable[[Terms], None]) -> Path:
    """A submission of a run on licensed faces, as the packer writes it."""
    terms(Terms("an agreement"))
    monkeypatch.setattr(packer, "motions", lambda records: json.dumps(motion_file()).encode())
    return submit([write_run(tmp_path / "run", "magplus", "fomm", 0.7)], "magplus", out=tmp_path / "tree").folder


def test_arrows_say_what_moved_and_how_much_of_it_when() -> None:
    drawn = arrows(moving(2.0), ONSET, APEX, 256)
    assert drawn["course"] == (100 * SHAPE).round().astype(int).tolist()
    field = np.array(drawn["arrows"]) / STEPS
    strongest = int(np.argmax(np.hypot(*field.T)))
    row, column = CELLS[strongest]
    assert abs((column + 0.5) / GRID - 0.6) < 0.05 and abs((row + 0.5) / GRID - 0.7) < 0.05
    assert field[strongest][0] > 1.0 and np.allclose(field[:, 0], -field[:, 1], atol=1 / STEPS)
    nothing = arrows(np.zeros((FRAMES, 8, 8, 2), np.float32), ONSET, APEX, 256)
    assert not any(nothing["course"]) and not np.any(nothing["arrows"])


def test_a_panel_has_fewer_numbers_than_a_face_needs() -> None:
    assert 2 * len(CELLS) < 15 * 15
    assert size_allowed("results/none--lodo--01234567/motion.json") == 60_000


def test_what_the_packer_writes_is_verified_and_drawn(packed: Path, tmp_path: Path) -> None:
    assert errors(packed) == []
    assert [
        path for path in packed.rglob("*") if path.is_file() and path.suffix not in (".json", ".csv", ".yaml")
    ] == []
    (result,) = read_submission(packed).results
    assert [clip.task for clip in result.motions] == ["self--c0", "cross--c0"]
    site = build_site(tmp_path / "site", packed.parent.parent, facts=FACTS).folder
    page = next(site.glob("result/magplus--1--*.html")).read_text()
    assert "No picture is shown: the licence of &#39;synme&#39; (an agreement) does not allow frames" in page or (
        "the licence of 'synme' (an agreement) does not allow frames" in page.encode().decode("unicode_escape")
    )
    clips = json.loads(re.findall(r'id="clips-data">(.*?)</script>', page)[0])
    assert [clip["sheet"] for clip in clips] == [None, None] and len(clips[0]["arrows"]["cells"]) == len(CELLS)
    assert not (site / "media").exists()


def _first(value: dict[str, Any]) -> dict[str, Any]:
    return value["clips"][0]  # type: ignore[no-any-return]


HOSTILE: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a picture in a key of its own": (lambda v: _first(v).update(picture="/9j/4AAQSkZJRg"), "picture"),
    "a picture in a panel": (lambda v: _first(v)["panels"][0].update(file="a.jpg"), "file"),
    "a finer field": (lambda v: _first(v)["panels"][0]["arrows"].extend([[0, 0]] * 200), "at most 104"),
    "a part of the field": (lambda v: _first(v)["panels"][0]["arrows"].pop(), "at least 104"),
    "numbers with digits to hide in": (lambda v: _first(v)["panels"][0]["arrows"].__setitem__(3, [0.123456789, 0]), "int"),
    "true for one": (lambda v: _first(v)["panels"][0]["course"].__setitem__(3, True), "int"),
    "an arrow across the picture": (lambda v: _first(v)["panels"][0]["arrows"].__setitem__(3, [5000, 0]), "longer than"),
    "three numbers an arrow": (lambda v: _first(v)["panels"][0]["arrows"].__setitem__(3, [1, 2, 3]), "arrows.3"),
    "words for numbers": (lambda v: _first(v)["panels"][0]["arrows"].__setitem__(3, ["1", "2"]), "int"),
    "a frame as the course": (lambda v: _first(v)["panels"][0]["course"].extend(range(100)), "do not fit"),
    "a long frame as the course": (lambda v: _first(v)["panels"][0]["course"].extend([7] * 9000), "at most 600"),
    "motion at the onset": (lambda v: _first(v)["panels"][0]["course"].__setitem__(ONSET, 40), "at the onset"),
    "a course without motion": (lambda v: _first(v)["panels"][0].update(arrows=[[0, 0]] * 104), "without motion"),
    "motion without a course": (lambda v: _first(v)["panels"][0].update(course=[0] * FRAMES), "without a course"),
    "a third panel": (lambda v: _first(v)["panels"].append(_first(v)["panels"][0]), "at most 2"),
    "the true answer": (lambda v: _first(v)["panels"][0].update(role="reference"), "driving"),
    "the output twice": (lambda v: _first(v)["panels"][0].update(role="output"), "panels driving and output"),
    "curves with words": (lambda v: _first(v)["curves"].update(unit="/9j/4AAQ"), "unit"),
    "long curves": (lambda v: _first(v)["curves"]["output"].extend([1] * 50), "one number a frame"),
    "another clip": (lambda v: _first(v).update(task="self--c3"), "other clips"),
    "no task": (lambda v: _first(v).update(task="/9j/4AAQSkZJRg"), "no task"),
    "a third clip": (lambda v: v["clips"].append(_first(v)), "at most 2"),
    "one clip twice": (lambda v: v.update(clips=[_first(v)] * 2), "other clips"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_motion_with_something_in_it_is_refused(packed: Path, name: str) -> None:
    (path,) = packed.rglob("motion.json")
    value = json.loads(path.read_text())
    change, told = HOSTILE[name]
    change(value)
    path.write_text(json.dumps(value))
    seal(packed)
    found = errors(packed)
    assert found and any(told in text and "motion.json" in text for text in found), found


def test_no_file_of_a_picture_is_taken_beside_it(packed: Path, tmp_path: Path) -> None:
    (path,) = packed.rglob("motion.json")
    frame = np.full((64, 64, 3), 90, np.uint8)
    for name in ("motion.jpg", "motion.png", "previews/self--c0.jpg", "motion.webp"):
        copy = Path(shutil.copytree(packed, tmp_path / name.replace("/", "-") / "magplus" / "1"))
        file = copy / path.relative_to(packed).parent / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(cv2.imencode(f".{name.rsplit('.')[-1]}", frame)[1].tobytes())
        manifest = json.loads((copy / "manifest.json").read_text())
        manifest["files"][str(file.relative_to(copy))] = {"bytes": 0, "sha256": "0" * 64}
        (copy / "manifest.json").write_text(json.dumps(manifest))
        seal(copy)
        assert any("no file of a submission" in text or "must not be there" in text for text in errors(copy)), name
    path.write_bytes(cv2.imencode(".jpg", frame)[1].tobytes())
    seal(packed)
    assert any("motion.json is not plain JSON" in text for text in errors(packed))


def test_a_dataset_may_forbid_its_motion_too(
    packed: Path, tmp_path: Path, terms: Callable[[Terms], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    terms(Terms("an agreement", may_show_motion=False))
    assert any("does not allow measured motion" in text for text in errors(packed))
    site = build_site(tmp_path / "site", packed.parent.parent, facts=FACTS).folder
    assert "clips-data" not in next(site.glob("result/magplus--1--*.html")).read_text()
    monkeypatch.setattr(packer, "motions", lambda records: pytest.fail("asked"))
    again = submit([write_run(tmp_path / "run2", "magplus", "fsrt", 0.7)], "magplus", out=tmp_path / "other").folder
    assert not list(again.rglob("motion.json")) and errors(again) == []


def test_faces_that_may_be_shown_have_no_motion_in_their_place(packed: Path, terms: Callable[[Terms], None]) -> None:
    terms(Terms("CC0-1.0", may_show_frames=True, may_show_generated=True))
    assert any("these faces may be shown" in text for text in errors(packed))
