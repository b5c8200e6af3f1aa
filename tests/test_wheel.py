"""The built wheel alone, far from the checkout: protocols, baselines, weights and kit travel inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAIN = "import mebench, sys; from mebench.cli.app import main; print(mebench.__file__, file=sys.stderr); main()"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the wheel was unpacked; nothing of the checkout is on its path."""
    built = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = built.glob("mebench-*.whl")
    target = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(target)
    return target


def mebench(installed: Path, folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed), "MEBENCH_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert str(installed) in done.stderr.splitlines()[0]
    return done.stdout


def test_what_travels_is_found(installed: Path, tmp_path: Path) -> None:
    assert "open-mini" in mebench(installed, tmp_path, "list", "protocols")
    assert "magplus" in mebench(installed, tmp_path, "list", "methods")
    listed = mebench(installed, tmp_path, "weights", "check")
    assert "fomm-lite" in listed and "MISSING" not in listed


def test_a_task_runs(installed: Path, tmp_path: Path) -> None:
    mebench(installed, tmp_path, "run", "--method", "still", "--no-bounds", "--limit", "1", "--jobs", "0")
    (page,) = tmp_path.glob("runs/*/index.html")
    assert "open-mini" in page.read_text()


def test_no_weights_twice_and_no_tests_inside(installed: Path) -> None:
    files = [path for path in installed.rglob("*") if path.is_file()]
    assert not [path for path in files if "tests" in path.parts or path.suffix == ".pyc"]
    assert sum(path.stat().st_size for path in files) < 60_000_000
