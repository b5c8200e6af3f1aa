"""Frames that may not be shown: every way out is tried, and every file that leaves is searched for them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest
from page_run import APEX, ONSET, FakeDataset, FakeOpenDataset, clip_frames, write_run

import mebench
from mebench.datasets.contract import Terms
from mebench.datasets.publication import (
    GRID,
    PRIVATE,
    Party,
    Released,
    Withheld,
    copy_refusal,
    keep_private,
    motion_rendering,
    refusal,
    refuse_unless_private,
    release,
)
from mebench.errors import InputError
from mebench.runs.page.build import build
from mebench.runs.page.choice import choose

GATED = Terms("agreement")
OPEN = Terms("CC0-1.0", may_show_frames=True, may_show_generated=True)

SIDE = 96
SECRETS = {tone: clip_frames(tone, 1.0, 0)[ONSET] for tone in (150, 190)}
"""The faces that the data set of the page tests shows: driving clip and source."""


def pictures(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Every picture in every file below ``folder``, also those inside pages, but for the private store of clips."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.parent.name == "clips":
            continue
        data = path.read_bytes()
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
        if image is not None:
            yield str(path), image
        for number, coded in enumerate(re.findall(rb"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)", data)):
            inner = cv2.imdecode(np.frombuffer(base64.b64decode(coded), np.uint8), cv2.IMREAD_COLOR)
            if inner is not None:
                yield f"{path} ({number})", inner
        if path.suffix in (".mkv", ".mp4", ".webm"):
            from mebench.video import read_video

            for frame in read_video(path)[0]:
                yield str(path), frame[..., ::-1]


def likeness(picture: np.ndarray, secret: np.ndarray) -> float:
    """Highest normalised correlation of the inner face with any place of the picture, at the sizes at which faces are
    written: as they are (half of it here, to save time), as a thumbnail, and cut to the tile of a sheet."""
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    face = cv2.cvtColor(secret, cv2.COLOR_RGB2GRAY)[8:70, 20:76]
    best = 0.0
    for scale in (0.5, 0.25):
        template = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if template.shape[0] <= grey.shape[0] and template.shape[1] <= grey.shape[1]:
            best = max(best, float(cv2.matchTemplate(grey, template, cv2.TM_CCOEFF_NORMED).max()))
    return best


def found(folder: Path) -> list[str]:
    """Files in which a secret face is recognised."""
    return [name for name, picture in pictures(folder) if max(likeness(picture, s) for s in SECRETS.values()) > 0.8]


@pytest.fixture
def two_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page with two clips says as much as one with twelve."""
    module = import_module("mebench.runs.page.build")  # the package has a function of that name
    monkeypatch.setattr(module, "choose", lambda rows, metrics: choose(rows, metrics, 2))


@pytest.mark.usefixtures("two_clips")
@pytest.mark.parametrize("dataset", [FakeDataset, FakeOpenDataset])
def test_no_frame_leaves_by_the_page(dataset: type[FakeDataset], tmp_path: Path) -> None:
    open_run = write_run(tmp_path / "open", licence=(True, True))
    build(open_run, lambda name: dataset(OPEN))
    assert found(open_run), "the search must find what is there"
    for number, (recorded, today) in enumerate(
        [((False, False), GATED), ((True, True), GATED), ((False, False), OPEN)]
    ):
        run = write_run(tmp_path / f"gated{number}", licence=recorded)
        build(run, lambda name, today=today: dataset(today))  # type: ignore[misc]
        assert found(run) == []
        assert list((run / "page").glob("*.jpg")), "arrows stand in the place of the frames"


def test_a_listed_subject_may_be_shown_and_nobody_else() -> None:
    one = Party(Terms("agreement", publishable_subjects=frozenset({"S1"})), "S1")
    other = Party(Terms("agreement", publishable_subjects=frozenset({"S1"})), "S2")
    assert refusal([one], "recorded") is None and refusal([one], "generated") is None
    assert "frames of this dataset" in (refusal([other], "recorded") or "")
    # A reenacted picture shows the identity of one and the motion of the other: both must be listed.
    assert "generated" in (refusal([one, other], "generated") or "")
    assert refusal([one, Party(OPEN, "x")], "generated") is None


def test_terms_meet_at_what_both_allow() -> None:
    listed = Terms("a", may_show_generated=True, publishable_subjects=frozenset({"S1", "S2"}))
    met = listed.meet(Terms("b", may_show_frames=True, publishable_subjects=frozenset({"S2"})))
    assert (met.may_show_frames, met.may_show_generated, met.publishable_subjects) == (False, False, {"S2"})


def test_an_output_that_copies_frames_counts_as_frames() -> None:
    driving = clip_frames(150, 1.0, 0)
    source = clip_frames(190, 1.0, 0)[ONSET]
    terms = Terms("agreement", may_show_generated=True)
    seen = [Party(terms, "a"), Party(terms, "b")]
    assert "copies frames" in (copy_refusal(seen, driving, [source, driving]) or "")
    assert "copies frames" in (copy_refusal(seen, np.stack([source] * len(driving)), [source, driving]) or "")
    assert copy_refusal(seen, 255 - driving, [source, driving]) is None


def test_released_frames_are_made_by_the_door_alone() -> None:
    frames = clip_frames(150, 1.0, 0)
    with pytest.raises(TypeError, match="released by"):
        Released(frames, None, object())
    assert isinstance(release(frames, "no"), Withheld)
    shown = release(frames, "no", lambda: np.zeros((len(frames), 48, 48, 2), np.float32))
    assert isinstance(shown, Released) and shown.note == "no" and likeness(shown.frames[0], SECRETS[150]) < 0.8


def test_the_motion_rendering_knows_coarse_motion_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    motion = rng.normal(0, 3, (2, 64, 64, 2)).astype(np.float32)
    cell = 64 // GRID
    coarse = motion.reshape(2, GRID, cell, GRID, cell, 2).mean(axis=(2, 4))
    same = np.repeat(np.repeat(coarse, cell, axis=1), cell, axis=2)
    assert np.array_equal(motion_rendering(motion, 128), motion_rendering(same.astype(np.float32), 128))
    still = motion_rendering(np.zeros((1, 64, 64, 2), np.float32), 128)
    moving = motion_rendering(np.full((1, 64, 64, 2), 4.0, np.float32), 128)
    assert (moving != still).any()


def test_working_files_are_written_on_request_and_say_what_they_are(tmp_path: Path) -> None:
    terms = [("casme2", GATED), ("synme", OPEN)]
    with pytest.raises(InputError, match=r"'casme2', whose licence \(agreement\).*--private"):
        refuse_unless_private("this export", terms, False)
    refuse_unless_private("this export", terms, True)
    assert keep_private(tmp_path, terms)
    text = (tmp_path / PRIVATE).read_text()
    assert "casme2: agreement" in text and "synme" not in text
    assert not keep_private(tmp_path / "open", [("synme", OPEN)]) and not (tmp_path / "open").exists()


WAYS_OUT = {
    "mebench/runs/page/sheet.py": "the page: tested above",
    "mebench/runs/page/pictures.py": "the page: frames come through the door",
    "mebench/leaderboard/previews.py": "the submission: frames come through the door",
    "mebench/leaderboard/film.py": "codes what previews.py got from the door",
    "mebench/leaderboard/site/pages.py": "hashes of its scripts",
    "mebench/leaderboard/study/build.py": "the study: frames come through the door",
    "mebench/leaderboard/rounds/": "rendered faces alone: a round of any other dataset is refused",
    "mebench/leaderboard/features.py": "vectors: of open faces alone (tests/leaderboard/test_licensed_faces.py)",
    "mebench/runs/vectors.py": "the run's own vectors, private",
    "mebench/runs/page/build.py": "hashes of its scripts",
    "mebench/detectors/store.py": "the cache in the home folder",
    "mebench/detectors/kept.py": "logits of judges",
    "mebench/detectors/fixed_magnifier.py": "latents of a magnifier in the cache in the home folder",
    "mebench/detectors/kernel_detector.py": "weights of judges",
    "mebench/runs/store.py": "the run's own clips, private: marked by the run",
    "mebench/runs/export.py": "mebench tasks export: refused without --private",
    "mebench/runs/pair.py": "mebench generate: refused without --private for files of a database",
    "mebench/datasets/preparation.py": "the cache in the home folder",
    "mebench/datasets/clothes/recording.py": "rendered clips alone (mebench data export refuses all others)",
    "mebench/datasets/synme/": "rendered faces alone",
    "mebench/backbones/metaportrait/native.py": "pictures that a user makes masks for, in a folder of the user",
    "mebench/runs/validate/": "pictures that are coded and decoded in memory",
    "mebench/training/": "curves of losses, and pictures of rendered faces",
    "mebench/images.py": "the writers themselves",
    "mebench/video.py": "the writers themselves",
}
"""Every module that writes pictures or videos, and why no frame leaks by it."""


def test_every_module_that_writes_pictures_is_known() -> None:
    """A new way out (a submission packer, a site builder) must be looked at, and stand in the table above."""
    root = Path(mebench.__file__).parent
    writers = re.compile(
        r"imencode|imwrite|VideoWriter|write_png|png_bytes|write_lossless|lossless_bytes|write_browser"
        r"|page\.sheet import|savefig|imageio|\bPIL\b|b64encode|np\.save|write_array"
    )
    unknown = [
        str(path.relative_to(root.parent))
        for path in sorted(root.rglob("*.py"))
        if writers.search(path.read_text(encoding="utf-8"))
        and not any(str(path.relative_to(root.parent)).startswith(way) for way in WAYS_OUT)
    ]
    assert unknown == []


def test_the_apex_of_the_page_run_moves() -> None:
    assert np.abs(clip_frames(150, 1.0, 0)[APEX].astype(int) - SECRETS[150]).max() > 20
