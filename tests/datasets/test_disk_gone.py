"""A disk that goes away, before a database is read or while it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dressed import recordings, tree

from mebench import registry
from mebench.datasets.installed import Installation
from mebench.errors import InputError


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    tree("casme2", tmp_path / "disk", recordings())
    return registry.load("datasets", "casme2")(Installation(tmp_path / "disk"))


def test_gone_before_it_is_read(database: Any, tmp_path: Path) -> None:
    (tmp_path / "disk").rename(tmp_path / "away")
    with pytest.raises(InputError, match="is gone; connect its disk, or add it again"):
        database.clips()


def test_gone_while_it_is_read(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotate = database.annotate

    def unplugged(given: Any) -> Any:
        (tmp_path / "disk").rename(tmp_path / "away")
        return annotate(given)

    monkeypatch.setattr(database, "annotate", unplugged)
    with pytest.raises(InputError, match="is gone; connect its disk, or add it again"):
        database.clips()
    monkeypatch.undo()
    (tmp_path / "away").rename(tmp_path / "disk")
    assert database.clips()


def test_a_file_that_is_missing_is_told_while_the_disk_is_there(database: Any, tmp_path: Path) -> None:
    for path in (tmp_path / "disk").rglob("CASME2*coding*"):
        path.unlink()
    with pytest.raises(InputError, match=r"the annotation of .* was not found"):
        database.clips()
