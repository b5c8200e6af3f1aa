"""The ``--golden DIR`` option: parity tests run on every ``*.json`` below DIR (default: ``tests/golden``).

A parity test takes the fixture ``golden`` and is marked with the predicate that recognises its files by their content::

    @pytest.mark.golden(reads=lambda spec: "losses" in spec)
    def test_losses(golden, fill): ...

DIR may hold one folder a network or be the folder of one network. Without ``--golden`` a predicate that recognises no
file is an error; with it, the files that no collected test recognised are listed at the end of the run.
"""

from __future__ import annotations

import importlib.util
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

SHIPPED = Path(__file__).parent / "golden"

# One thread, before torch or numpy start theirs: the same bytes on every machine, and tests may run side by side.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@dataclass(frozen=True)
class Golden:
    """One golden file: ``spec`` is the JSON, ``arrays`` the ``.npz`` beside it (empty if there is none)."""

    path: Path
    spec: dict[str, Any]

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        archive = self.path.with_suffix(".npz")
        if not archive.exists():
            return {}
        with np.load(archive) as stored:
            return {name: stored[name] for name in stored.files}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", metavar="DIR", default=None, help="folder of golden files for the parity tests")
    parser.addoption("--slow", action="store_true", help="run the slow tests too; -m slow runs them alone")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """``-n auto``: a process a core, at most eight, since each holds torch and the networks under test (about 2 GB)."""
    return min(os.cpu_count() or 1, 8)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "golden(reads): the golden files, by content, on which a parity test runs")
    folder = config.getoption("--golden")
    root = Path(folder) if folder else SHIPPED
    if not root.is_dir():
        raise pytest.UsageError(f"--golden: {root} is not a folder.")
    files = [Golden(path, json.loads(path.read_text())) for path in sorted(root.rglob("*.json"))]
    if not files:
        raise pytest.UsageError(f"--golden: there is no *.json below {root}.")
    config.stash[_FILES] = files
    config.stash[_READ] = set()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("golden")
    if marker is None:
        return
    predicate = marker.kwargs["reads"]
    chosen = [golden for golden in metafunc.config.stash[_FILES] if predicate(golden.spec)]
    if not chosen and metafunc.config.getoption("--golden") is None:
        pytest.fail(f"no golden file below {SHIPPED} is of the kind that {metafunc.function.__name__} reads")
    metafunc.config.stash[_READ].update(golden.path for golden in chosen)
    names = [f"{golden.path.parent.name}-{golden.path.stem}" for golden in chosen]
    metafunc.parametrize("golden", chosen, ids=names, scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow") or "slow" in (config.getoption("markexpr") or ""):
        return
    skip = pytest.mark.skip(reason="slow; --slow runs it")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skip)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--golden") is None:
        return
    unread = [golden.path for golden in config.stash[_FILES] if golden.path not in config.stash[_READ]]
    if unread:
        terminalreporter.section("golden files that no collected test reads")
        for path in unread:
            terminalreporter.write_line(str(path))


@pytest.fixture(scope="session")
def fill() -> ModuleType:
    """The module that draws the deterministic weights and inputs of the golden files."""
    spec = importlib.util.spec_from_file_location("mebench_golden_fill", SHIPPED / "fill.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_FILES = pytest.StashKey[list[Golden]]()
_READ = pytest.StashKey[set[Path]]()
