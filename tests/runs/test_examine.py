"""The doctor: what it finds on a whole installation, and on broken ones."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mebench import registry
from mebench.cli.app import app
from mebench.runs import examine
from mebench.runs.examine import Problem, mending
from mebench.weights import FILES, locate


@pytest.fixture
def broken_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the shipped weights, with their sums."""
    sums = (locate.shipped_folder() / "SHA256SUMS").read_text()
    (tmp_path / "SHA256SUMS").write_text(sums)
    monkeypatch.setattr(locate, "shipped_folder", lambda: tmp_path)
    return tmp_path


def quick(monkeypatch: pytest.MonkeyPatch, **instead: Any) -> None:
    """Leave out the slow parts that a test does not look at."""
    for name in ("_packages", "_methods", "_plugins", "_datasets"):
        monkeypatch.setattr(examine, name, instead.get(name, lambda *arguments: []))
    monkeypatch.setattr(examine, "_metrics", lambda broken: [])
    monkeypatch.setattr(examine, "_torch", lambda: None)


def test_a_whole_installation_in_json_and_on_one_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    found = examine.examine()
    assert found.problems == ()
    record = json.loads(json.dumps(found.record()))
    assert {row["name"] for row in record["weights"]} == set(FILES)
    assert all(row["state"] == "ok" for row in record["weights"] if row["needed"])
    assert {"still", "truth", "flow-transfer"} <= {method["name"] for method in record["methods"]}
    networks = {metric["name"]: [n["name"] for n in metric["networks"]] for metric in record["metrics"]}
    assert networks["csim[dlib]"] == ["dlib-face-recognition", "dlib-5-points"]
    assert all(package["version"] and not package["error"] for package in record["packages"])
    assert any(item.mend == "mebench weights add vox-cpk PATH" for item in found.optional)
    assert any("masks/emoportraits" in item.mend for item in found.optional)

    monkeypatch.setattr(examine, "examine", lambda: found)
    result = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "140"})
    assert result.exit_code == 0, result.output
    assert "Nothing is missing." in result.output and "synme: complete" in result.output
    assert len(result.output.splitlines()) <= 51  # one screen of 45 lines, and six of the fakes of this folder
    narrow = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "80"}).output.splitlines()
    assert len(narrow) <= 56
    assert not [line for line in narrow if len(line) > 80 and not line.startswith("   ")]  # commands stay whole
    assert json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output) == record


def test_missing_weights_say_what_they_block_and_how_to_mend_it(
    broken_shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    (broken_shelf / "face_landmark.tflite").write_bytes(b"something else")
    result = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "the weights face-landmarks are not the file that was recorded" in result.output
    assert "the weights fomm-lite are missing" in result.output
    assert f"blocks backbone fomm (weights: lite); mend it with: {mending('fomm-lite')}" in result.output
    assert "ALTERED" in result.output and "MISSING" in result.output


def test_mending_is_one_command_of_its_kind() -> None:
    assert mending("vox-cpk") == "mebench weights add vox-cpk PATH"
    assert mending("lpips-heads") == "pip install --force-reinstall --no-deps lpips"
    assert mending("alexnet").startswith(("git -C", "pip install"))


def test_a_plug_in_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = registry._entries

    def with_broken(kind: str) -> dict[str, EntryPoint]:
        broken = EntryPoint("theirs", "no_such_package.metrics:METRIC", f"mebench.{kind}")
        return {"theirs": broken} if kind == "metrics" else {}

    monkeypatch.setattr(registry, "_entries", with_broken)
    problems: list[Problem] = []
    (entry,) = examine._plugins(problems)
    monkeypatch.setattr(registry, "_entries", entries)
    assert entry["name"] == "theirs" and "No module named 'no_such_package'" in entry["error"]
    assert problems[0].blocks == "metric theirs"


def test_a_missing_package_and_one_that_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "requires", lambda name: ["numpy>=1", "no-such-package>=1", 'pytest; extra == "test"'])
    monkeypatch.setattr(examine, "NATIVE", {"no_such_module": "numpy"})
    problems: list[Problem] = []
    listed = examine._packages(problems)
    assert [package["name"] for package in listed] == ["no-such-package", "numpy"]
    assert problems[0] == Problem(
        "the package no-such-package is not installed", "whatever uses it", "pip install no-such-package"
    )
    assert "numpy is installed but does not load (ModuleNotFoundError" in problems[1].what


def test_a_method_without_its_weights_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> object:
        return locate.find("vox-adv-cpk")

    problems: list[Problem] = []
    assert examine._tried("mine", load, problems)["error"]
    assert problems[0].mend == "mebench weights add vox-adv-cpk PATH"


def test_an_incomplete_dataset_blocks_its_protocols(monkeypatch: pytest.MonkeyPatch) -> None:
    from mebench.datasets.contract import CheckReport
    from mebench.datasets.synme.dataset import Synme

    monkeypatch.setattr(Synme, "check", lambda self: CheckReport(False, ("the kit is gone",)))
    problems: list[Problem] = []
    examine._datasets(problems, {("datasets", "fake"), ("datasets", "fake-closed")})
    (problem,) = [problem for problem in problems if "synme" in problem.what]
    assert "the kit is gone" in problem.what and "protocol open-mini" in problem.blocks


def test_a_cache_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine.os, "access", lambda path, mode: False)
    monkeypatch.setattr(examine, "_torch", lambda: None)
    problems: list[Problem] = []
    examine._machine(problems)
    assert "cannot be written" in problems[0].what and "MEBENCH_HOME" in problems[0].mend
