"""Where a run keeps its files: in one folder a kind, or spread over 256 where there are many; and how damage is seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_execute import calls
from test_execute import log as log
from test_execute import page as page
from test_execute import start as start

from mebench.runs import store as stores
from mebench.runs.page.records import read_records
from mebench.runs.shards import merge
from mebench.runs.store import RunStore


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six tasks count as many."""
    monkeypatch.setattr(stores, "SPREAD_FROM", 6)


def files(folder: Path) -> dict[str, bytes]:
    """Tables, rows and clips by their path below the folder."""
    names = ("scores.csv", "summary.json", "bounds.json", "tasks/**/*.json", "clips/**/*.mkv")
    return {str(path.relative_to(folder)): path.read_bytes() for name in names for path in sorted(folder.glob(name))}


def test_a_run_of_many_tasks_is_spread_and_gives_the_same_table(start, many, tmp_path, log):
    spread = start(out=tmp_path / "spread").folder
    assert all(re.fullmatch(r"[0-9a-f]{2}", path.name) for path in (spread / "tasks").iterdir())
    assert len(list((spread / "clips").glob("??/*.mkv"))) == len(RunStore(spread).finished()) == 6
    assert len(read_records(spread).tasks) == len(read_records(spread).costs) == 6
    before = len(calls(log))
    start(out=tmp_path / "spread")
    assert len(calls(log)) == before


def test_a_run_that_was_begun_flat_stays_so(start, tmp_path, log, monkeypatch):
    start(limit=2)
    monkeypatch.setattr(stores, "SPREAD_FROM", 6)
    folder = start().folder
    assert len(list((folder / "tasks").glob("*.json"))) == 6
    assert len(calls(log)) == 6


def test_parts_of_a_spread_run_give_its_bytes(start, many, tmp_path):
    whole = files(start(out=tmp_path / "whole", bounds=True).folder)
    parts = [start(out=tmp_path / "parts", shard=f"{i}/2", bounds=True).folder for i in (1, 2)]
    assert len(whole) == 3 + 6 + 6
    assert files(merge(parts, out=tmp_path / "merged").folder) == whole


@pytest.mark.parametrize("part", ["value", "checksum"])
def test_a_digit_that_changed_on_the_disk_is_seen(exact_bytes, start, log, part):
    folder = start().folder
    before = exact_bytes(folder)
    path = folder / RunStore(folder).path("tasks", RunStore(folder).finished()[0])
    text = path.read_text()
    at = re.search(rf'"{part}": "?[^"\d]*(\d)', text)
    assert at is not None
    path.write_text(text[: at.start(1)] + str((int(at[1]) + 1) % 10) + text[at.end(1) :])
    start()
    assert exact_bytes(folder) == before
    assert len(calls(log)) == 7
