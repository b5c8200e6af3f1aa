"""The built wheel alone, far from the checkout: protocols, baselines, weights and kit travel inside it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAIN = "import mebench, sys; from mebench.cli.app import main; print(mebench.__file__, file=sys.stderr); main()"

BY_RUNNING = (".pyc", ".nbi", ".nbc")
"""Endings of what Python and numba write beside a module that runs."""
MOST_WITHOUT_RESULTS = 45_000_000
MOST_OF_A_RESULT = 600_000
"""Bytes. Results are counted each for itself: the board grows with the methods that are submitted."""


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


def test_the_site_has_its_pictures(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    mebench(installed, tmp_path, "site", "build", "--out", "built", "--submissions", "none")
    assert (tmp_path / "built/assets/synme.jpg").read_bytes() == (ROOT / "docs/images/synme.jpg").read_bytes()
    assert "assets/synme.jpg" in (tmp_path / "built/dataset/synme.html").read_text("utf-8")
    assert len(list((tmp_path / "built/assets/metrics").glob("*.svg"))) > 20


def test_a_task_runs(installed: Path, tmp_path: Path) -> None:
    mebench(installed, tmp_path, "run", "--method", "still", "--no-bounds", "--limit", "1", "--jobs", "0")
    (page,) = tmp_path.glob("runs/*/index.html")
    assert "open-mini" in page.read_text()


def test_no_weights_twice_and_no_tests_inside(installed: Path) -> None:
    files = [path for path in installed.rglob("*") if path.is_file() and path.suffix not in BY_RUNNING]
    assert not [path for path in files if "tests" in path.parts]
    large = [hashlib.sha256(path.read_bytes()).digest() for path in files if path.stat().st_size > 400_000]
    assert large and len(large) == len(set(large))
    results = installed / "mebench/_packaged/submissions"
    rest = sum(path.stat().st_size for path in files if results not in path.parents)
    assert rest < MOST_WITHOUT_RESULTS


def test_a_result_on_the_board_is_small(installed: Path) -> None:
    results = list((installed / "mebench/_packaged/submissions").glob("*/*/results/*"))
    sizes = {result.name: sum(path.stat().st_size for path in result.rglob("*")) for result in results}
    assert sizes and {name: size for name, size in sizes.items() if size > MOST_OF_A_RESULT} == {}
