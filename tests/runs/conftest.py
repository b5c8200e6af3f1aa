"""A plug-in package with a fast data set, metrics and methods: it comes in by entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from mebench import registry

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture(scope="module", autouse=True)
def plugin() -> Iterator[Path]:
    sys.path.insert(0, str(PLUGIN))
    registry._entries.cache_clear()
    yield PLUGIN
    sys.path.remove(str(PLUGIN))
    registry._entries.cache_clear()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


EXACT = ("scores.csv", "summary.json", "bounds.json")
"""Files that must be the same bytes however the run went; so must be rows and clips."""


@pytest.fixture
def exact_bytes() -> Callable[[Path], dict[str, bytes]]:
    """Reads all files of a run folder that depend on the inputs alone."""

    def read(folder: Path) -> dict[str, bytes]:
        parts = [path for name in ("tasks", "clips") for path in sorted((folder / name).iterdir())]
        paths = [folder / name for name in EXACT] + parts
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}

    return read


@pytest.fixture
def protocol_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a protocol; keywords replace its keys."""

    def write(**changes: object) -> Path:
        content: dict[str, object] = {
            "name": "fake-mini",
            "version": 1,
            "title": "Fake",
            "summary": "For tests.",
            "datasets": ["fake"],
            "split": "benchmark",
            "selection": {"seed": 3, "self": {"clips": 3}, "cross": {"pairs": 3}},
            "max_fps": 50,
            "size": 64,
            "metrics": ["fake-error", "fake-light", "fake-picky"],
        }
        content.update(changes)
        path = tmp_path / f"{content['name']}.yaml"
        path.write_text(
            yaml.safe_dump({key: value for key, value in content.items() if value is not None}, sort_keys=False)
        )
        return path

    return write


@pytest.fixture
def method_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a method on the fake plug-in; keywords are its options."""

    def write(name: str = "shift", **options: object) -> Path:
        content = {
            "name": name,
            "version": 1,
            "plugin": {"name": "fake-shift", "options": options},
            "card": {"title": "Shift", "summary": "For tests.", "authors": ["nobody"], "licence": "CC0-1.0"},
        }
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    return write
