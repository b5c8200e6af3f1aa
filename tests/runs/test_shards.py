"""Parts of a run, put together: the bytes of a run in one piece, however it was cut."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from test_execute import calls
from test_execute import log as log
from test_execute import page as page
from test_execute import start as start

from mebench.errors import ConfigError, InputError
from mebench.runs.shards import Shard, merge


@pytest.fixture
def whole(start, exact_bytes) -> dict[str, bytes]:
    return exact_bytes(start(bounds=True).folder)


def parts_of(start: Callable, count: int, out: Path, numbers: range | None = None, **options: object) -> list[Path]:
    chosen = numbers or range(1, count + 1)
    options = {"bounds": True, "out": out, **options}
    return [start(shard=f"{number}/{count}", **options).folder for number in chosen]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_any_sharding_gives_the_same_bytes(start, exact_bytes, whole, home, tmp_path, count):
    parts = parts_of(start, count, tmp_path / "parts")
    shutil.rmtree(home)  # merged on a machine that has scored no floor and no ceiling
    merged = merge(parts, out=tmp_path / "merged")
    assert exact_bytes(merged.folder) == whole
    assert not (merged.folder / "bounds").exists()


def test_the_number_of_parts_may_change_on_the_way(start, exact_bytes, whole, log, tmp_path):
    first = parts_of(start, 3, tmp_path / "three", range(1, 2))
    second = parts_of(start, 2, tmp_path / "two", range(2, 3))
    with pytest.raises(ConfigError, match=r"2 of 6 tasks are in none of the parts"):
        merge(first + second, out=tmp_path / "merged")
    generated = len(calls(log))
    finished = start(bounds=True, out=tmp_path / "merged")  # goes on with what is missing
    assert len(calls(log)) == generated + 2
    assert exact_bytes(finished.folder) == whole


def test_a_damaged_clip_of_a_part_counts_as_missing(start, exact_bytes, whole, tmp_path):
    parts = parts_of(start, 2, tmp_path / "parts")
    next((parts[0] / "clips").iterdir()).write_bytes(b"damaged")
    with pytest.raises(ConfigError, match="1 of 6"):
        merge(parts, out=tmp_path / "merged")
    again = parts_of(start, 2, tmp_path / "parts")  # the same command mends it
    assert exact_bytes(merge(again, out=tmp_path / "merged").folder) == whole


def test_parts_of_different_runs_do_not_mix(start, method_file, tmp_path):
    one = parts_of(start, 2, tmp_path / "parts", range(1, 2))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no run folder"):
        merge([*one, tmp_path / "empty"], out=tmp_path / "merged")
    other = start(method_file(side=32), out=tmp_path / "other", shard="2/2").folder
    with pytest.raises(InputError, match="part of another run"):
        merge([*one, other], out=tmp_path / "merged")


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "a/b", "-1/2", "1/0", "1/2/3", ""])
def test_shards_that_make_no_sense_are_refused(text):
    with pytest.raises(ConfigError, match="write for instance 2/7"):
        Shard.parse(text)


OWN = """
from mebench.clip import Generated


class Mine:
    name = "mine"

    def generate(self, source, driving):
        return Generated(source.image[None].repeat(len(driving.frames), 1, 1, 1), {})

    def facts(self):
        return {}
"""


@pytest.fixture
def mine(tmp_path: Path, method_file) -> Path:
    """A method in a Python file of its own."""
    folder = tmp_path / "mine"
    folder.mkdir()
    content = yaml.safe_load(method_file("mine").read_text())
    content["plugin"] = {"name": "Mine", "file": "mine.py"}
    (folder / "method.yaml").write_text(yaml.safe_dump(content))
    (folder / "mine.py").write_text(OWN)
    return folder


def test_a_method_of_its_own_file_is_merged_with_that_file(start, exact_bytes, mine, method_file, tmp_path):
    whole = exact_bytes(start(mine).folder)
    parts = [start(mine, shard=f"{n}/2", out=tmp_path / "parts").folder for n in (1, 2)]
    with pytest.raises(ConfigError, match=r"of 'mine', whose Python file mine\.py they do not hold; add --method"):
        merge(parts, out=tmp_path / "merged")
    with pytest.raises(ConfigError, match="describes another method than 'mine'"):
        merge(parts, out=tmp_path / "merged", method=method_file("other"))
    with pytest.raises(ConfigError, match=r"names another mine\.py than that of the parts"):
        (mine / "mine.py").write_text(OWN + "# changed")
        merge(parts, out=tmp_path / "merged", method=mine)
    (mine / "mine.py").write_text(OWN)
    merged = exact_bytes(merge(parts, out=tmp_path / "merged", method=mine).folder)
    rows = [name for name in whole if name.startswith(("tasks", "clips"))]
    assert {name: merged[name] for name in rows} == {name: whole[name] for name in rows}
