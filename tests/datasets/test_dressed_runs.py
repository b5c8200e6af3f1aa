"""From a folder in a database's clothes to a scored run with a page that shows no frame of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

import mebench
from mebench.clip import Pixels
from mebench.datasets.clothes.dress import CLOTHES, widened
from mebench.datasets.clothes.recording import Recording
from mebench.datasets.installed import Installation, add
from mebench.datasets.preparation import Preparation, prepare, rigid_motion
from mebench.datasets.publication import PRIVATE
from mebench.errors import InputError

SIDE = 160


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def photograph() -> Pixels:
    """A face in the public domain (NASA), uint8 [160,160,3]."""
    data = pytest.importorskip("skimage.data")
    return np.asarray(cv2.resize(data.astronaut()[20:250, 110:340], (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def moving(face: Pixels, count: int, peak: float, drift: float = 0.0) -> Pixels:
    """``face`` with its mouth corner raised by up to ``peak`` px, and all of it shifted by ``drift`` px a frame."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    bump = np.exp(-((x - 0.55 * SIDE) ** 2 + (y - 0.62 * SIDE) ** 2) / (2 * (0.07 * SIDE) ** 2)).astype(np.float32)
    curve = np.sin(np.pi * np.clip((np.arange(count) - 1) / (count - 3), 0, 1))
    return np.stack(
        [
            cv2.remap(
                face,
                x - np.float32(drift * t),
                y + np.float32(peak * c) * bump,
                cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for t, c in enumerate(curve)
        ]
    )


def recordings(photograph: Pixels) -> list[Recording]:
    """Two people, who are one photograph and its mirror image; one clip each."""
    faces = (photograph, np.ascontiguousarray(photograph[:, ::-1]))
    return [
        Recording(person, 1, widened(moving(face, 10, 2.0)), 1, 5, 8, ("12", "L14") if person == 1 else ("4",))
        for person, face in enumerate(faces, 1)
    ]


def dressed(name: str, folder: Path, photograph: Pixels) -> None:
    """A database on this machine."""
    CLOTHES[name].write(recordings(photograph), folder)
    add(name, Installation(folder))


def run(names: list[str], tmp_path: Path, selection: dict[str, object]) -> Path:
    content = {
        "name": "dressed", "version": 1, "title": "t", "summary": "s", "datasets": names, "split": "benchmark",
        "preparation": {"crop": "eyes", "align": "onset", "size": 128}, "selection": {"seed": 1, **selection},
        "size": 128, "metrics": ["psnr", "ssim"],
    }  # fmt: skip
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "dressed.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return mebench.run("driving-copy", protocol=path, jobs=0, out=tmp_path / "runs", bounds=False).folder


def check_run(folder: Path, names: list[str], tasks: int) -> dict[str, object]:
    record: dict[str, object] = json.loads((folder / "run.json").read_text())
    assert record["tasks"] == {"planned": tasks, "ok": tasks, "failed": 0}
    assert sorted(record["datasets"]) == sorted(names)  # type: ignore[call-overload]
    for info in record["datasets"].values():  # type: ignore[attr-defined]
        assert len(info["fingerprint"]) == 16 and not info["may_show_frames"]
    assert {check["state"] for check in record["checks"]} == {"clean"}  # type: ignore[attr-defined]
    assert (
        "dressed" not in (folder / "clips" / PRIVATE).read_text()
        and names[0] in (folder / "clips" / PRIVATE).read_text()
    )
    return record


def shows(folder: Path, photograph: Pixels) -> float:
    """Highest likeness of the eyes of the photograph to any place of the page's pictures."""
    eyes = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)[40:95, 45:120]
    best = 0.0
    for path in (folder / "page").glob("*.jpg"):
        page = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        for scale in np.linspace(0.5, 1.1, 7):
            template = cv2.resize(eyes, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            best = max(best, float(cv2.matchTemplate(page, template, cv2.TM_CCOEFF_NORMED).max()))
    return best


def test_two_databases_run_together_and_none_of_them_is_shown(tmp_path: Path, photograph: Pixels) -> None:
    names = ["casme2", "samm"]
    for name in names:
        dressed(name, tmp_path / name, photograph)
    folder = run(names, tmp_path, {"held_out": {"by": "dataset", "clips": 1, "sources": 1}})
    record = json.loads((folder / "run.json").read_text())
    states = {check["name"]: check["state"] for check in record["checks"]}
    # Both databases hold one photograph: the check for duplicates must say so, and nothing else.
    assert states == {"identity": "clean", "training data": "clean", "duplicates": "leak"}
    assert "Leak (duplicates)" in (folder / "index.html").read_text()
    rows = [json.loads(path.read_text())["task"] for path in (folder / "tasks").iterdir()]
    assert {(row["dataset"], row["source_dataset"]) for row in rows} == {("casme2", "samm"), ("samm", "casme2")}
    assert list((folder / "page").glob("*.jpg")) and shows(folder, photograph) < 0.7
    # Where the owner allows both people to be shown, they are: the search can see them.
    for name in names:
        add(name, Installation(tmp_path / name, ("01", "02", "001", "002")))
    assert shows(run(names, tmp_path / "listed", {"self": {"clips": 1}}), photograph) > 0.8


def test_files_for_other_programs_are_written_on_request_alone(tmp_path: Path, photograph: Pixels) -> None:
    from mebench.protocol import Protocol
    from mebench.runs.export import export_tasks
    from mebench.runs.pair import generate_pair

    dressed("mmew", tmp_path / "mmew", photograph)
    content = {
        "name": "dressed", "version": 1, "title": "t", "summary": "s", "datasets": ["mmew"], "split": "benchmark",
        "preparation": {"size": 128}, "selection": {"seed": 1, "self": {"clips": 1}}, "size": 128, "metrics": ["psnr"],
    }  # fmt: skip
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"this export writes frames of 'mmew'.*--private"):
        export_tasks(Protocol.model_validate(content), out)
    assert not out.exists()
    export_tasks(Protocol.model_validate(content), out, private=True)
    assert "mmew" in (out / PRIVATE).read_text() and list((out / "sources").iterdir())
    frames = next((tmp_path / "mmew" / "MMEW_Final" / "Micro_Expression").glob("*/*"))
    own = tmp_path / "own.png"
    cv2.imwrite(str(own), photograph[..., ::-1])
    for source, driving in ((own, frames), (next(frames.iterdir()), own)):
        with pytest.raises(InputError, match=r"this pair writes frames of 'mmew'.*--private"):
            generate_pair(source, driving, "still", out=tmp_path / "pair")
    assert not (tmp_path / "pair").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CLOTHES))
def test_a_whole_run_on_every_database(name: str, tmp_path: Path, photograph: Pixels) -> None:
    dressed(name, tmp_path / name, photograph)
    folder = run([name], tmp_path, {"self": {"per_domain": 1}})
    check_run(folder, [name], 1)
    assert shows(folder, photograph) < 0.7


# Preparation


def test_one_crop_a_clip_keeps_the_motion_and_makes_a_face(photograph: Pixels) -> None:
    frames = widened(moving(photograph, 6, 2.0))
    faces = prepare(frames, 0, 60.0, Preparation(size=128), "clip")
    assert faces.shape == (6, 128, 128, 3)
    shifted = prepare(np.roll(frames, 12, axis=2), 0, 60.0, Preparation(size=128), "clip")
    inner = np.s_[:, 30:100, 30:100]
    assert np.abs(faces[inner].astype(int) - shifted[inner]).mean() < 6  # the same face wherever it stands
    with pytest.raises(InputError, match="no face was found in frame 0 of clip"):
        prepare(np.zeros_like(frames), 0, 60.0, Preparation(), "clip")


def test_rigid_alignment_takes_head_motion_out_and_leaves_the_onset(photograph: Pixels) -> None:
    frames = moving(photograph, 8, 0.0, drift=0.8)
    steps = rigid_motion(frames, 0, 8.0, "clip")  # a slow camera: 0.64 frames of smoothing
    assert np.allclose(steps[0], [[1, 0, 0], [0, 1, 0]], atol=1e-6)
    moved = np.array([step[:, :2] @ [80, 80] + step[:, 2] - 80 for step in steps])
    assert abs(moved[6, 0] + 0.8 * 6) < 1.0 and np.abs(moved[:, 1]).max() < 1.0
    still = prepare(frames, 0, 8.0, Preparation(align="rigid", size=128), "clip")
    kept = prepare(frames, 0, 8.0, Preparation(align="onset", size=128), "clip")
    assert np.array_equal(still[0], kept[0])
    inner = np.s_[30:100, 30:100]
    change = [np.abs(clip[6][inner].astype(int) - clip[0][inner]).mean() for clip in (still, kept)]
    assert change[0] < 0.6 * change[1]


def test_prepared_clips_are_kept_and_made_again_when_damaged(tmp_path: Path, photograph: Pixels) -> None:
    from mebench import registry
    from mebench.datasets.preparation import prepared

    CLOTHES["fourd"].write(recordings(photograph)[:1], tmp_path / "d")
    dataset = registry.load("datasets", "fourd")(Installation(tmp_path / "d"))
    preparation = Preparation(size=128)
    faces = prepared(dataset, preparation)
    clip = faces.clips()[0]
    assert (clip.frames.height, clip.frames.width) == (128, 128)
    first = clip.frames.array()
    (kept,) = (tmp_path / "home" / "cache" / "prepared").rglob("*.mkv")
    kept.write_bytes(kept.read_bytes()[:2000])
    assert np.array_equal(faces.clips()[0].frames.array(), first)
    assert np.array_equal(faces.portrait(f"onset:{clip.key}").read(), first[clip.onset])
    assert faces.fingerprint() not in (
        dataset.fingerprint(),
        prepared(dataset, replace_size(preparation)).fingerprint(),
    )


def test_prepared_clips_are_made_again_when_their_frames_changed(tmp_path: Path, photograph: Pixels) -> None:
    """The annotation is the same, and so is the fingerprint: only the files of the frames can tell."""
    from mebench import registry
    from mebench.datasets.preparation import prepared

    CLOTHES["fourd"].write(recordings(photograph)[:1], tmp_path / "d")
    means, fingerprints = [], set()
    for share in (1.0, 0.7):
        for path in (tmp_path / "d").rglob("*.jpg"):
            cv2.imwrite(str(path), np.rint(cv2.imread(str(path)) * share).astype(np.uint8))
        faces = prepared(registry.load("datasets", "fourd")(Installation(tmp_path / "d")), Preparation(size=128))
        means.append(faces.clips()[0].frames.array().mean())
        fingerprints.add(faces.fingerprint())
    assert means[1] < 0.8 * means[0] and len(fingerprints) == 1


def replace_size(preparation: Preparation) -> Preparation:
    return preparation.model_copy(update={"size": 256})


def test_clips_are_dressed_at_the_rate_of_the_database(tmp_path: Path, photograph: Pixels) -> None:
    from mebench.clip import Clip, Frames
    from mebench.datasets.clothes.dress import dress
    from mebench.errors import ConfigError

    frames = moving(photograph, 21, 2.0)
    clip = Clip("b-0", "synme", "b", "b-0", 60.0, 2, 9, 18, ("4",), "CC0-1.0", Frames(21, SIDE, SIDE, lambda: frames))
    assert dress("casme3a", [clip], tmp_path / "d") == 1
    from mebench import registry

    (read,) = registry.load("datasets", "casme3a")(Installation(tmp_path / "d")).clips()
    assert (read.fps, read.apex, read.offset) == (30.0, 4, 8)
    with pytest.raises(InputError, match="is not empty"):
        dress("casme3a", [clip], tmp_path / "d")
    with pytest.raises(ConfigError, match="no multiple of 200"):
        dress("casme2", [clip], tmp_path / "e")
    with pytest.raises(ConfigError, match="no clothes of 'cassme'; known: casme"):
        dress("cassme", [replace(clip)], tmp_path / "f")


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CLOTHES))
def test_the_open_set_in_the_clothes_of_every_database_is_run(name: str, tmp_path: Path, photograph: Pixels) -> None:
    """``mebench data export``, ``mebench data add`` and ``mebench run``, as one would type them."""
    from typer.testing import CliRunner

    from mebench.cli.app import app

    folder = tmp_path / "fake"
    for command in (
        ["data", "export", "synme", str(folder), "--as", name, "--people", "1", "--clips", "1"],
        ["data", "add", name, str(folder)],
    ):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    made = run([name], tmp_path, {"self": {"per_domain": 1}})
    check_run(made, [name], 1)
    assert list((made / "page").glob("*.jpg"))
