"""Files are whole or absent, and the disk's refusals become one sentence with a fix."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mebench.errors import StorageError
from mebench.files import storage_errors, write_json, write_text, write_whole


def test_a_failing_writer_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_json(target, {"a": 1})

    def fail(path: Path) -> None:
        path.write_text("half")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        write_whole(target, fail)
    assert target.read_text() == '{\n  "a": 1\n}\n'
    assert list(tmp_path.iterdir()) == [target]


def test_nan_is_refused_in_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.ENOTDIR, "a file stands")]
)
def test_refusals_of_the_disk_name_file_and_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StorageError, match=words) as caught:
        write_text(tmp_path / "scores.csv", "x")
    assert "scores.csv" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_home_that_cannot_be_written_is_told_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    for folder, told in (("home", True), ("elsewhere", False)):
        with pytest.raises(StorageError) as error, storage_errors(tmp_path / folder / "cache" / "x"):
            raise OSError(errno.EROFS, "read-only")
        assert ("MEBENCH_HOME names the folder of caches" in str(error.value)) == told
