"""Which clips of a run the player shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from board_run import write_run

from mebench.errors import ConfigError
from mebench.leaderboard import submit as packer
from mebench.leaderboard.previews import chosen
from mebench.leaderboard.submit import submit


def row(kind: str, number: int, failed: bool = False) -> Any:
    return {"task": {"kind": kind, "key": f"{kind}--c{number}"}, "clip": None if failed else {"file": "x"}}


def keys(rows: list[Any], most: int = 2) -> list[str]:
    return [each["task"]["key"] for each in chosen(rows, most)]


def test_one_of_each_kind_or_of_each_half() -> None:
    both = [row(kind, number) for number in (3, 1, 2) for kind in ("cross", "self")]
    assert keys(both) == ["self--c1", "cross--c1"]
    assert keys([row("self", number) for number in range(5)]) == ["self--c0", "self--c3"]


def test_a_single_one_is_of_another_identity() -> None:
    both = [row(kind, number) for kind in ("self", "cross") for number in (0, 1)]
    assert keys(both, 1) == ["cross--c0"] and keys(both, 0) == []
    assert keys([row("self", number) for number in range(4)], 1) == ["self--c2"]
    assert keys([row("self", 0)], 1) == ["self--c0"]


def test_failed_clips_are_left_out() -> None:
    assert keys([row("self", 0), row("cross", 0, failed=True)], 1) == ["self--c0"]
    assert keys([row("self", 0, failed=True)]) == []


def test_films_of_the_protocols_that_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(packer, "previews", lambda records, most: asked.append(most) or iter(()))
    run = write_run(tmp_path / "run", "magplus", "fomm", 0.7)
    submit([run], "magplus", out=tmp_path / "a")
    submit([run], "magplus", out=tmp_path / "b", films=1, films_on=["open-mini"])
    assert asked == [2, 1]
    with pytest.raises(ConfigError, match="no run is on 'open-maxi'; --films-on takes open-mini"):
        submit([run], "magplus", out=tmp_path / "c", films_on=["open-maxi"])
    assert not (tmp_path / "c").exists()


def test_no_films_where_another_protocol_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs, of which one is said to be on another protocol when films are dealt out."""
    asked: list[int] = []
    monkeypatch.setattr(packer, "previews", lambda records, most: asked.append(most) or iter(()))
    runs = [write_run(tmp_path / backbone, "magplus", backbone, 0.7) for backbone in ("fomm", "fsrt")]
    monkeypatch.setattr(packer, "_protocol", lambda records: "open-mini" if records.folder.name == "fomm" else "other")
    submit(runs, "magplus", out=tmp_path / "tree", films_on=["other"])
    assert asked == [2]
