"""Runs end to end on the fake data set: files, resume, failures, scoring again, any number of processes."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
from pathlib import Path

import pytest

import mebench
from mebench.errors import ConfigError, InputError, StorageError
from mebench.runs.lock import locked
from mebench.runs.page.records import read_records
from mebench.runs.pool import Finished
from mebench.runs.store import RunStore


def calls(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def scores(folder: Path) -> list[dict[str, str]]:
    with (folder / "scores.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(autouse=True)
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has tests of its own, and takes longer than all the rest."""
    monkeypatch.setattr("mebench.runs.page.build", lambda folder: folder / "index.html")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "calls.txt"


@pytest.fixture
def start(tmp_path, protocol_file, method_file, log):
    """Runs the fake method in this process and without bounds; keywords go to ``mebench.run``."""

    def run(method=None, protocol=None, **options):
        options = {"jobs": 0, "bounds": False, "out": tmp_path / "runs", **options}
        return mebench.run(method or method_file(log=str(log)), protocol=protocol or protocol_file(), **options)

    return run


def test_a_run_leaves_every_file_and_a_second_one_does_nothing(exact_bytes, start, log):
    result = start()
    folder = result.folder
    assert folder.name.startswith("shift--none--fake-mini--")
    record = json.loads((folder / "run.json").read_text())
    assert record["protocol"]["hash"]
    assert record["datasets"]["fake"]["fingerprint"] == "fake-1"
    assert record["method"]["facts"] == {"weights_sha256": "w1"}
    assert record["tasks"] == {"planned": 6, "ok": 6, "failed": 0}
    assert record["sessions"][0]["generated"] == 6
    assert {path.stem for path in (folder / "clips").iterdir()} == {path.stem for path in (folder / "tasks").iterdir()}
    assert len(scores(folder)) == len(list((folder / "costs").iterdir())) == 6
    cost = json.loads((folder / "costs.json").read_text())
    assert (cost["clips"], cost["parameters"], cost["gflops_a_frame"]) == (6, 0, 0.0)
    assert result.summary["complete"]

    before = exact_bytes(folder)
    assert len(calls(log)) == 6
    again = start()
    assert again.folder == folder
    assert exact_bytes(folder) == before
    assert len(calls(log)) == 6
    assert [s["generated"] for s in json.loads((folder / "run.json").read_text())["sessions"]] == [6, 0]


def test_the_stored_clip_is_what_the_method_gave_at_the_scoring_size(start, method_file, log):
    folder = start(method_file(log=str(log), side=32)).folder
    row = json.loads(next((folder / "tasks").iterdir()).read_text())
    assert (row["clip"]["native_height"], row["clip"]["size"]) == (32, 64)
    frames = RunStore(folder).read_clip(row["clip"])
    assert frames.shape == (len(row["task"]["frames"]), 64, 64, 3)


@pytest.mark.parametrize("numbers", [(0, 2), pytest.param((1, 2, 3), marks=pytest.mark.slow)], ids=["two", "more"])
def test_scores_are_the_same_bytes_for_any_number_of_jobs(exact_bytes, start, tmp_path, numbers):
    folders = [start(jobs=jobs, out=tmp_path / str(jobs), bounds=True).folder for jobs in numbers]
    first, *others = [exact_bytes(folder) for folder in folders]
    assert others == [first] * len(others)


def test_a_worker_that_crashes_costs_one_task(start, method_file, log):
    broken = method_file(log=str(log), trouble="crash", subjects=["p"])
    result = start(broken, jobs=1)
    assert result.summary["tasks"] == {"planned": 6, "ok": 4, "failed": 2}
    assert all("the worker process was ended by signal 11" in error for error in result.summary["failures"].values())
    assert len(calls(log)) == 6


def test_a_worker_that_dies_while_it_scores_costs_no_finished_row(start, protocol_file, home, monkeypatch):
    folder = start(protocol=protocol_file(metrics=["fake-error"]), bounds=True).folder
    rows = {path: path.read_bytes() for place in (folder, home / "bounds") for path in place.rglob("tasks/*.json")}
    assert len(rows) == 3 * 6

    def dies(setup, pieces, jobs, on_finished):
        for task, runs in pieces:
            on_finished(Finished(task, runs, None, "was ended by signal 9"))

    monkeypatch.setattr("mebench.runs.start.choose_engine", lambda name, options: dies)
    result = start(bounds=True, retry_failed=True)
    assert result.summary["tasks"] == {"planned": 6, "ok": 6, "failed": 0}
    assert {path: path.read_bytes() for path in rows} == rows
    assert "ended by signal 9" in json.loads((folder / "run.json").read_text())["sessions"][-1]["notes"][0]


def test_an_error_that_stops_a_worker_arrives_with_its_class_and_words(start, protocol_file):
    with pytest.raises(InputError) as caught:
        start(protocol=protocol_file(datasets=["fake-broken"]), jobs=1)
    assert re.fullmatch(r"the video data/\S+\.avi is corrupt; export or copy it again\.", str(caught.value))


def test_floor_and_ceiling_are_scored_once_and_shared(start, home, method_file, log):
    result = start(bounds=True)
    cell = next(c for c in result.summary["cells"] if c["metric"] == "fake-error" and c["domain"] is None)
    assert cell["ceiling"]["mean"] == 0.0
    assert 0.0 < cell["floor"]["mean"] < cell["value"]["mean"]
    bounds = {path: path.stat().st_mtime_ns for path in (home / "bounds").rglob("*.json")}
    assert len({path.parts[-3] for path in bounds}) == 2
    start(method_file("other", log=str(log), weights="w2"), bounds=True)
    assert {path: path.stat().st_mtime_ns for path in (home / "bounds").rglob("*.json")} == bounds


def test_the_floor_of_still_is_still_itself(start, home):
    result = start("still", bounds=True)
    cell = next(c for c in result.summary["cells"] if c["metric"] == "fake-error")
    assert cell["floor"] == cell["value"]
    assert not list((home / "bounds").glob("still--*"))


def test_a_closed_data_set_has_a_floor_and_no_ceiling(start, protocol_file):
    result = start(protocol=protocol_file(datasets=["fake-closed"]), bounds=True)
    assert all(cell["ceiling"] is None and cell["floor"] is not None for cell in result.summary["cells"])


def test_a_limit_does_the_first_tasks_and_a_later_call_the_rest(start, log):
    part = start(limit=2)
    assert len(scores(part.folder)) == 2
    assert not part.summary["complete"]
    whole = start()
    assert whole.folder == part.folder
    assert len(scores(whole.folder)) == 6
    assert len(calls(log)) == 6
    assert len(scores(start(limit=1).folder)) == 6  # nothing finished is lost from the tables


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("nan", "the method gave NaN or infinite values, first in frame 3."),
        ("range", "the method gave values from "),
        ("shape", "the shape must not change"),
        ("count", "frames for a driving clip of"),
        ("raise", "ZeroDivisionError: the network divides by zero (line 71 of movers.py)"),
        ("info", "Generated.info"),
    ],
)
def test_a_failed_clip_is_a_row_at_the_worst_value_and_the_run_goes_on(start, method_file, log, trouble, message):
    result = start(method_file(log=str(log), trouble=trouble, subjects=["p"]))
    rows = scores(result.folder)
    failed = [row for row in rows if row["status"] == "failed"]
    assert len(failed) == 2
    assert len(rows) == 6
    assert all(row["driving_domain"] == "p" and message in row["error"] and not row["fake-light"] for row in failed)
    assert result.summary["tasks"] == {"planned": 6, "ok": 4, "failed": 2}
    cell = next(c for c in result.summary["cells"] if c["metric"] == "fake-error" and c["domain"] == "p")
    assert cell["value"]["mean"] == 255.0
    assert cell["failed"] == cell["counted"] == 1
    count = len(calls(log))
    start(method_file(log=str(log), trouble=trouble, subjects=["p"]))
    assert len(calls(log)) == count


def test_failed_clips_are_tried_again_when_asked_for(start, method_file, log):
    broken = method_file(log=str(log), trouble="raise", subjects=["p"])
    start(broken)
    start(broken, retry_failed=True)
    assert len(calls(log)) == 6 + 2


def test_a_changed_metric_is_computed_again_and_no_clip_is_generated(exact_bytes, start, log, monkeypatch):
    folder = start().folder
    before = exact_bytes(folder)
    monkeypatch.setenv("FAKE_LIGHT_VERSION", "2")
    drop_module("mebench_fake.judges")
    try:
        again = start()
    finally:
        drop_module("mebench_fake.judges")
    assert again.folder == folder
    assert len(calls(log)) == 6
    new, old = scores(folder), list(csv.DictReader(before["scores.csv"].decode().splitlines()))
    assert [float(row["fake-light"]) for row in new] == [2 * float(row["fake-light"]) for row in old]
    assert [row["fake-error"] for row in new] == [row["fake-error"] for row in old]
    session = json.loads((folder / "run.json").read_text())["sessions"][-1]
    assert (session["generated"], session["scored"]) == (0, 6)


def drop_module(name: str) -> None:
    import sys

    sys.modules.pop(name, None)


def test_metrics_added_to_a_protocol_score_the_stored_clips(start, protocol_file, log):
    few = start(protocol=protocol_file(metrics=["fake-error"]))
    more = start(protocol=protocol_file())
    assert more.folder == few.folder
    assert len(calls(log)) == 6
    assert list(scores(more.folder)[0])[11:] == ["fake-error", "fake-light", "fake-picky", "reasons"]


@pytest.mark.parametrize("weights", ["", "damaged"])
def test_a_missing_number_carries_its_reason_and_weights_that_come_later_mend_it(start, monkeypatch, weights):
    monkeypatch.setenv("FAKE_PICKY_WEIGHTS", weights)
    folder = start().folder
    assert all("picky.safetensors" in json.loads(row["reasons"])["fake-picky"] for row in scores(folder))
    monkeypatch.setenv("FAKE_PICKY_WEIGHTS", "there")
    result = start()
    reasons = {row["kind"]: row["reasons"] for row in scores(folder)}
    assert json.loads(reasons["self"]) == {"fake-picky": "one identity is nothing to judge."}
    assert reasons["cross"] == ""
    cells = {c["kind"]: c for c in result.summary["cells"] if c["metric"] == "fake-picky" and c["domain"] is None}
    assert (cells["self"]["missing"], cells["self"]["value"]["mean"]) == (3, None)
    assert (cells["cross"]["missing"], cells["cross"]["value"]["mean"]) == (0, 1.0)


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_clip_is_generated_again_with_a_note(exact_bytes, start, log, damage):
    folder = start().folder
    before = exact_bytes(folder)
    clip = sorted((folder / "clips").iterdir())[2]
    data = bytearray(clip.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 0xFF
    clip.write_bytes(data if damage == "flip" else data[: len(data) // 2])
    if damage == "remove":
        clip.unlink()
    start()
    assert exact_bytes(folder) == before
    assert len(calls(log)) == 7
    notes = json.loads((folder / "run.json").read_text())["sessions"][-1]["notes"]
    assert len(notes) == 1
    assert clip.stem in notes[0]


def test_a_damaged_row_is_done_again(exact_bytes, start, log):
    folder = start().folder
    before = exact_bytes(folder)
    row = sorted((folder / "tasks").iterdir())[0]
    row.write_text(row.read_text()[:100])
    start()
    assert exact_bytes(folder) == before
    assert len(calls(log)) == 7


EDITS = {
    "cut": lambda text: text[:100],
    "number": lambda text: re.sub(r'("value": )[\d.]+', r"\g<1>99.0", text, count=1),
    "infinite": lambda text: re.sub(r'("value": )[\d.]+', r"\g<1>1e999", text, count=1),
    "half a character": lambda text: text.replace('"error": null', '"error": "\\ud800"'),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_damaged_row_publishes_no_number(start, exact_bytes, edit):
    folder = start().folder
    before = exact_bytes(folder)
    row = sorted((folder / "tasks").iterdir())[0]
    text = row.read_text()
    assert edit(text) != text
    row.write_text(edit(text))
    with pytest.raises(InputError, match=rf"{row.name} is damaged .*; start the run again"):
        read_records(folder)
    start()
    assert exact_bytes(folder) == before
    assert len(read_records(folder).tasks) == 6


def test_a_row_that_is_older_than_checksums_is_read(start):
    folder = start(limit=1).folder
    row = next((folder / "tasks").iterdir())
    content = json.loads(row.read_text())
    assert content.pop("checksum")
    row.write_text(json.dumps(content))
    assert read_records(folder).tasks == [content]


def test_other_weights_options_or_data_make_another_run(start, method_file, protocol_file):
    first = start(limit=1).folder
    assert start(method_file(weights="w2"), limit=1).folder != first
    assert start(protocol=protocol_file(max_fps=25), limit=1).folder != first
    assert start(protocol=protocol_file(datasets=["fake-closed"]), limit=1).folder != first


def test_a_size_at_which_there_is_no_true_answer_is_refused(start, protocol_file):
    with pytest.raises(ConfigError, match="true answer at 64 pixels, the protocol scores at 96; write 'size: 64'"):
        start(protocol=protocol_file(size=96))


def test_a_full_disk_is_one_sentence_and_nothing_finished_is_lost(start, monkeypatch):
    folder = start(limit=2).folder
    finished = {path: path.read_bytes() for path in folder.rglob("*") if path.parent.name in ("tasks", "clips")}
    full_disk(monkeypatch)
    with pytest.raises(StorageError, match=r"the disk is full; free some space and start the same command again"):
        start()
    monkeypatch.undo()
    assert all(path.read_bytes() == data for path, data in finished.items())


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", refuse)


def test_a_folder_that_another_process_holds_is_refused(start):
    folder = start(limit=1).folder
    with locked(folder), pytest.raises(ConfigError, match=rf"process {os.getpid()} is working on .*--out"):
        start()


@pytest.mark.parametrize(("options", "message"), [({"jobs": -1}, "jobs is -1"), ({"limit": 0}, "limit is 0")])
def test_numbers_that_make_no_sense_are_refused(start, options, message):
    with pytest.raises(ConfigError, match=message):
        start(**options)
