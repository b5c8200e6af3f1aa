"""``mebench data`` and ``mebench protocol`` with databases on this machine, and without."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mebench.cli.data import app as data
from mebench.cli.protocol import app as protocol
from mebench.datasets.installed import installations, owner_of
from mebench.errors import ConfigError, InputError

sys.path.insert(0, str(Path(__file__).parents[1] / "datasets"))

from dressed import recordings, tree


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture
def call() -> Callable[..., tuple[int, str]]:
    """Exit code and output of a command; errors that users meet are raised."""

    def run(app: object, *arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(arguments))  # type: ignore[arg-type]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return run


def test_a_database_is_added_checked_and_removed(tmp_path: Path, call: Callable[..., tuple[int, str]]) -> None:
    tree("casme2", tmp_path / "d")
    code, text = call(data, "add", "casme2", str(tmp_path / "d"), "--publishable", "01", "--exclude", "01/EP01_01")
    assert code == 0 and "5 of 5 annotated clips found" in text and "1 folders without an annotated clip" in text
    entry = installations()["casme2"]
    assert (entry.root, entry.publishable, entry.exclude) == (tmp_path / "d", ("01",), ("01/EP01_01",))
    assert owner_of(tmp_path / "d" / "CASME2_RAW_selected" / "sub01") == "casme2" and owner_of(tmp_path) is None
    code, text = call(data, "check", "--json")
    found = json.loads(text)
    assert code == 0 and {"casme2", "synme"} <= set(found)
    assert found["casme2"]["found"] == 5 and len(found["casme2"]["fingerprint"]) == 16
    assert call(data, "check", "casme2", "--faces")[0] == 1  # gradients are no faces
    assert "of the subjects 01 alone" in call(data, "terms", "casme2")[1]
    assert call(data, "remove", "casme2")[0] == 0 and installations() == {}
    with pytest.raises(ConfigError, match="was not added; added: none"):
        call(data, "remove", "casme2")


def test_what_cannot_be_added_is_told_and_not_remembered(tmp_path: Path, call: Callable[..., tuple[int, str]]) -> None:
    (tmp_path / "empty").mkdir()
    code, text = call(data, "add", "samm", str(tmp_path / "empty"))
    assert code == 2 and "SAMM_Micro_FACS_Codes" in text and installations() == {}
    with pytest.raises(InputError, match="is no folder"):
        call(data, "add", "samm", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="needs no folder"):
        call(data, "add", "synme", str(tmp_path))
    code, text = call(data, "check", "mmew")
    assert code == 1 and "mebench data add mmew PATH" in text


def test_terms_say_that_nothing_is_shown(call: Callable[..., tuple[int, str]]) -> None:
    _, text = call(data, "terms", "samm")
    assert text.count("are not shown") == 2 and "SAMM licence agreement" in text
    assert "may be shown" in call(data, "terms", "synme")[1]


def test_only_the_open_set_is_exported_or_previewed(tmp_path: Path, call: Callable[..., tuple[int, str]]) -> None:
    for command in (("export", "casme2", str(tmp_path / "x"), "--as", "samm"), ("preview", "casme2")):
        with pytest.raises(ConfigError, match="casme2"):
            call(data, *command)
    with pytest.raises(ConfigError, match="no clothes of 'x'"):
        call(data, "export", "synme", str(tmp_path / "x"), "--as", "x")


def test_protocols_say_what_can_be_run_here(tmp_path: Path, call: Callable[..., tuple[int, str]]) -> None:
    _, text = call(protocol, "validate", "lodo", "open-mini")
    lines = text.splitlines()
    assert "lodo: good" in lines[0] and lines[0].endswith("cannot be run here")
    assert lines[1].endswith("; can be run here")
    for name in ("mmew", "fourd"):
        tree(name, tmp_path / name, recordings(people=3, each=2))
        call(data, "add", name, str(tmp_path / name))
    _, text = call(protocol, "validate", "lodo", "--json")
    found = json.loads(text)["lodo"]
    assert found["here"] == ["mmew", "fourd"] and found["runnable"] and "casme2" in found["absent"]
    _, text = call(protocol, "tasks", "lodo", "--json")
    tasks = json.loads(text)
    assert {(task["dataset"], task["source_dataset"]) for task in tasks} == {("mmew", "fourd"), ("fourd", "mmew")}
    assert {task["fps"] for task in tasks} == {30.0}
    _, text = call(protocol, "tasks", "cd6me")
    assert "fourd: 6 train, 0 validation, 6 test" in text and text.splitlines()[-1].startswith("2 folds")
    assert (
        "# cannot be run: the protocol 'megc2021' needs the dataset 'casme2'" in call(protocol, "show", "megc2021")[1]
    )
