"""Continuous integration runs the slow tests of the code that has changed."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".github/scripts/changed_code.py"

if not SCRIPT.is_file():
    pytest.skip("this tree was made without .github", allow_module_level=True)

SLOW = sorted(
    str(path.relative_to(ROOT))
    for path in ROOT.glob("tests/**/test_*.py")
    if re.search(
        r"^(@|pytestmark = )pytest\.mark\.slow|marks=pytest\.mark\.slow", path.read_text("utf-8"), re.MULTILINE
    )
)


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("changed_code", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("test", SLOW)
def test_every_slow_test_is_run_when_it_changes(script: Any, test: str) -> None:
    given = [each for suite in script.TESTED for each in script.chosen(suite, [test])]
    assert any(test == each or test.startswith(f"{each}/") for each in given)


def test_what_is_run_exists_and_has_slow_tests(script: Any) -> None:
    for suite, tests in script.TESTED.items():
        for test in tests:
            assert (ROOT / test).exists() and any(slow.startswith(test) for slow in SLOW), (suite, test)


def test_a_change_chooses_the_tests_of_its_room(script: Any) -> None:
    assert script.chosen("slow", ["submissions/mine/1/card.yaml", "docs/runs.md"]) == []
    assert script.chosen("slow", ["docs/runs.md", "mebench/detectors/led.py"]) == [
        "tests/detectors",
        "tests/test_reproducible_wheel.py",
    ]
    assert script.chosen("slow", ["tests/backbones/test_backbones_run.py"]) == ["tests/backbones"]
    assert script.chosen("documented", ["mebench/cli/run.py"]) == list(script.TESTED["documented"])
    assert script.chosen("documented", ["mebench/runs/store.py"]) == []


@pytest.mark.parametrize("changed", [None, ["pyproject.toml"], ["mebench/video.py"], ["tests/conftest.py"]])
def test_what_all_rests_on_and_what_is_unknown_chooses_all(script: Any, changed: list[str] | None) -> None:
    for suite, tests in script.TESTED.items():
        assert script.chosen(suite, changed) == list(tests)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, name: str) -> str:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(name)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", name)
    return git(folder, "rev-parse", "HEAD")


def test_all_commits_of_a_push_count(script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    before = commit(tmp_path, "README.md")
    commit(tmp_path, "mebench/runs/a b.py")
    last = commit(tmp_path, "docs/runs.md")
    monkeypatch.chdir(tmp_path)
    assert script.changed_paths(before) == ["docs/runs.md", "mebench/runs/a b.py"]
    assert script.changed_paths(last) == []
    for unknown in ("0" * 40, "1" * 40, "", "HEAD", "--output=x"):
        assert script.changed_paths(unknown) is None


def test_what_git_cannot_tell_is_no_silence(script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    before = commit(tmp_path, "README.md")
    git(tmp_path, "checkout", "-q", "--orphan", "other")
    commit(tmp_path, "docs/runs.md")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(subprocess.CalledProcessError):
        script.changed_paths(before)


@pytest.mark.parametrize("job", ["slow", "documented"])
@pytest.mark.parametrize(
    ("says", "code", "ran"), [("return 1", 1, None), (":", 0, None), ("echo tests/runs", 0, "tests/runs\n")]
)
def test_a_script_that_fails_fails_the_job(job: str, says: str, code: int, ran: str | None, tmp_path: Path) -> None:
    found = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())["jobs"][job]["steps"]
    assert found[0]["with"]["fetch-depth"] == 0 and "event.before" in found[-1]["env"]["BASE"]
    stubs = f"python() {{ {says}; }}; pip() {{ :; }}; xargs() {{ cat > ran.txt; }}"
    done = subprocess.run(["bash", "-e", "-c", f"{stubs}\n{found[-1]['run']}"], cwd=tmp_path)
    assert done.returncode == code
    assert ((tmp_path / "ran.txt").read_text() if (tmp_path / "ran.txt").exists() else None) == ran


def test_no_push_stops_the_tests_of_another() -> None:
    """Each is compared with the one before it alone."""
    group = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())["concurrency"]["group"]
    assert "pull_request.number || github.sha" in group
