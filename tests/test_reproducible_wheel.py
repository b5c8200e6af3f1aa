"""The wheel is a function of the tree: built twice, at other times and places, it has the same bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_two_builds_are_one(tmp_path: Path) -> None:
    built: list[tuple[str, str]] = []
    sources = [tmp_path / "first" / "source", tmp_path / "a second place" / "source"]
    left_out = shutil.ignore_patterns(".git", "dist", "build", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, sources[0], ignore=left_out)
    shutil.copytree(sources[0], sources[1], copy_function=shutil.copy)
    for source in sources:
        for number, path in enumerate(sorted(source.rglob("*.py"))[:50]):
            os.utime(path, (1_000_000_000 + 86_400 * number * len(built),) * 2)
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600", "PYTHONHASHSEED": str(len(built))}
        out = tmp_path / f"wheel-{len(built)}"
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
        subprocess.run(command, check=True, capture_output=True, env=environment, umask=(0o022, 0o077)[len(built)])
        (wheel,) = out.glob("*.whl")
        built.append((wheel.name, hashlib.sha256(wheel.read_bytes()).hexdigest()))
    assert built[0] == built[1]
