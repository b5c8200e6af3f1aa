"""Tasks go out as files, videos come back, and are scored as an ordinary run."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.errors import ConfigError, InputError
from mebench.images import read_image, write_png
from mebench.protocol import load_protocol
from mebench.runs.export import export_tasks
from mebench.runs.external import score_folder
from mebench.runs.inputs import TaskInputs
from mebench.runs.plan import load_datasets
from mebench.video import read_video, write_lossless


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has tests of its own, and takes longer than all the rest."""
    monkeypatch.setattr("mebench.runs.page.build", lambda folder: folder / "index.html")


@pytest.fixture
def exported(tmp_path: Path, protocol_file: Callable[..., Path]) -> tuple[Path, Path]:
    """(protocol file, folder of the exported tasks)."""
    protocol = protocol_file()
    export_tasks(protocol, tmp_path / "tasks")
    return protocol, tmp_path / "tasks"


@pytest.fixture
def returned(exported: tuple[Path, Path], tmp_path: Path) -> Path:
    """Somebody's videos: each repeats its source."""
    folder = tmp_path / "videos"
    for task in json.loads((exported[1] / "tasks.json").read_text())["tasks"]:
        source = read_image(exported[1] / task["source"])
        write_lossless(folder / task["return"], np.repeat(source[None], task["frames"], axis=0), task["fps"])
    return folder


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "scores.csv").open(newline="") as handle:
        return {row["task"]: row for row in csv.DictReader(handle)}


def test_export_holds_what_a_method_may_see(exported: tuple[Path, Path]) -> None:
    protocol, folder = load_protocol(exported[0]), exported[1]
    datasets = load_datasets(protocol)
    listing = json.loads((folder / "tasks.json").read_text())
    assert listing["protocol_hash"] == protocol.hash and listing["licences"] == {"fake": "CC0-1.0"}
    for task, entry in zip(protocol.tasks(datasets), listing["tasks"], strict=True):
        inputs = TaskInputs(task, datasets[task.dataset])
        assert np.array_equal(read_image(folder / entry["source"]), inputs.source_image)
        driving, fps = read_video(folder / entry["driving"])
        assert np.array_equal(driving, inputs.driving_frames) and fps == task.fps == entry["fps"]
        assert (entry["onset"], entry["apex"], entry["offset"]) == (task.onset, task.apex, task.offset)
        assert entry["frames"] == len(driving)


def test_export_gives_nothing_away(exported: tuple[Path, Path]) -> None:
    """Neither truth frames nor action units: the only pictures are sources and driving clips."""
    folder = exported[1]
    text = (folder / "tasks.json").read_text() + (folder / "tasks.csv").read_text()
    assert "action_units" not in text and "truth" not in text
    names = {path.parent.name for path in folder.rglob("*") if path.suffix in (".png", ".mkv")}
    assert names == {"sources", "driving"}


def test_table_and_readme_say_what_to_return(exported: tuple[Path, Path]) -> None:
    folder = exported[1]
    with (folder / "tasks.csv").open(newline="") as handle:
        table = list(csv.DictReader(handle))
    assert len(table) == 6 and all(row["return"] == f"{row['key']}.mkv" for row in table)
    text = (folder / "README.md").read_text()
    assert "mebench score FOLDER --protocol protocol.yaml --name NAME" in text and table[0]["return"] in text
    assert load_protocol(folder / "protocol.yaml").hash == load_protocol(exported[0]).hash


def test_frames_are_written_on_request(tmp_path: Path, protocol_file: Callable[..., Path]) -> None:
    result = CliRunner().invoke(app, ["tasks", "export", str(protocol_file()), str(tmp_path / "t"), "--frames"])
    assert result.exit_code == 0 and "6 tasks" in result.output
    (entry, *_) = json.loads((tmp_path / "t" / "tasks.json").read_text())["tasks"]
    frames, _ = read_video(tmp_path / "t" / entry["driving_frames"], entry["fps"])
    assert np.array_equal(frames, read_video(tmp_path / "t" / entry["driving"])[0])


def test_export_twice_gives_the_same_bytes(exported: tuple[Path, Path]) -> None:
    before = {path: path.read_bytes() for path in exported[1].rglob("*") if path.is_file()}
    export_tasks(*exported)
    assert {path: path.read_bytes() for path in exported[1].rglob("*") if path.is_file()} == before


def test_export_keeps_protocols_apart(exported: tuple[Path, Path], protocol_file: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="tasks of another protocol"):
        export_tasks(protocol_file(name="other", selection={"seed": 4, "self": {"clips": 2}}), exported[1])


def test_returned_videos_become_a_run(exported: tuple[Path, Path], returned: Path, tmp_path: Path) -> None:
    scored = score_folder(returned, exported[0], "theirs", out=tmp_path / "runs", jobs=0, bounds=False)
    folder = scored.result.folder
    assert scored.missing == () and scored.unused == ()
    assert folder.name.startswith("theirs--none--fake-mini--")
    record = json.loads((folder / "run.json").read_text())
    assert record["tasks"] == {"planned": 6, "ok": 6, "failed": 0}
    assert record["method"]["facts"] == {"external": True, "returned": 6, "missing": 0}
    assert record["command"].startswith("mebench score ")
    for key, row in rows(folder).items():
        assert row["status"] == "ok" and float(row["fake-error"]) >= 0.0
        kept, _ = read_video(folder / "clips" / f"{key}.mkv")
        assert np.array_equal(kept, read_video(returned / f"{key}.mkv")[0])


def test_the_same_videos_score_like_the_method_that_made_them(
    exported: tuple[Path, Path], returned: Path, tmp_path: Path
) -> None:
    import mebench

    ours = mebench.run("still", protocol=exported[0], jobs=0, bounds=False, out=tmp_path / "runs").folder
    theirs = score_folder(returned, exported[0], "theirs", out=tmp_path / "runs", jobs=0, bounds=False).result.folder
    assert (ours / "scores.csv").read_bytes() == (theirs / "scores.csv").read_bytes()


def test_unusable_videos_are_failed_rows_with_reasons(
    exported: tuple[Path, Path], returned: Path, tmp_path: Path
) -> None:
    missing, short, misshapen, broken, folder_key, _ = sorted(path.stem for path in returned.iterdir())
    (returned / f"{missing}.mkv").unlink()
    frames, fps = read_video(returned / f"{short}.mkv")
    write_lossless(returned / f"{short}.mkv", frames[:-1], fps)
    narrow, fps = read_video(returned / f"{misshapen}.mkv")
    write_lossless(returned / f"{misshapen}.mkv", narrow[:, :, :40], fps)
    (returned / f"{broken}.mkv").write_text("not a video")
    whole, _ = read_video(returned / f"{folder_key}.mkv")
    (returned / f"{folder_key}.mkv").unlink()
    for index, frame in enumerate(whole):
        write_png(returned / folder_key / f"{index}.png", frame)
    write_png(returned / "thumbnail.png", whole[0])

    scored = score_folder(returned, exported[0], "theirs", out=tmp_path / "runs", jobs=0, bounds=False)
    table = rows(scored.result.folder)
    assert scored.missing == (missing,) and scored.unused == ("thumbnail.png",)
    assert sum(row["status"] == "failed" for row in table.values()) == 4
    assert "no video was returned" in table[missing]["error"]
    assert f"has {len(frames) - 1} frames and the driving clip {len(frames)}" in table[short]["error"]
    assert "keep the shape of the source" in table[misshapen]["error"]
    assert "not a video" in table[broken]["error"]
    assert str(returned) not in table[broken]["error"]
    assert table[folder_key]["status"] == "ok"


def test_changed_videos_are_another_run(exported: tuple[Path, Path], returned: Path, tmp_path: Path) -> None:
    def run() -> Path:
        return score_folder(returned, exported[0], "theirs", out=tmp_path / "r", jobs=0, bounds=False).result.folder

    first = run()
    assert run() == first
    path = next(returned.iterdir())
    frames, fps = read_video(path)
    write_lossless(path, 255 - frames, fps)
    assert run() != first


def test_worker_processes_give_the_same_bytes(exported: tuple[Path, Path], returned: Path, tmp_path: Path) -> None:
    """The command line, with a process of its own: what is hidden there is found by name."""
    plugin = str(Path(__file__).parent / "plugin")
    arguments = ["score", str(returned), "--protocol", str(exported[0]), "--name", "theirs", "--no-bounds", "--json"]
    result = CliRunner(env={"PYTHONPATH": plugin}).invoke(
        app, [*arguments, "--jobs", "1", "--out", str(tmp_path / "a")]
    )
    assert result.exit_code == 0, result.output
    inside = score_folder(returned, exported[0], "theirs", out=tmp_path / "b", jobs=0, bounds=False).result.folder
    (outside,) = (tmp_path / "a").iterdir()
    assert (outside / "scores.csv").read_bytes() == (inside / "scores.csv").read_bytes()


def test_mistakes_are_told_before_anything_is_scored(
    exported: tuple[Path, Path], returned: Path, tmp_path: Path, protocol_file: Callable[..., Path]
) -> None:
    protocol = exported[0]
    with pytest.raises(InputError, match="cannot read the folder"):
        score_folder(tmp_path / "absent", protocol, "theirs")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no video that is named like a task, such as .*\.mkv; it is empty"):
        score_folder(tmp_path / "empty", protocol, "theirs")
    with pytest.raises(ConfigError, match="baseline's name"):
        score_folder(returned, protocol, "still")
    with pytest.raises(ConfigError, match="a-z, 0-9 and -"):
        score_folder(returned, protocol, "My Method")
    path = next(returned.iterdir())
    shutil.copy(path, path.with_suffix(".avi"))
    with pytest.raises(InputError, match="two videos for one task"):
        score_folder(returned, protocol, "theirs")
    path.with_suffix(".avi").unlink()
    shutil.copy(exported[1] / "tasks.json", returned / "tasks.json")
    with pytest.raises(InputError, match="lists the tasks of 'fake-mini'"):
        score_folder(returned, protocol_file(name="other", selection={"seed": 4, "self": {"clips": 2}}), "theirs")
