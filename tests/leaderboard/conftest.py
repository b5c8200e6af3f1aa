"""One tree of submissions for all tests of the board; tests that damage something copy it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import board_run

from mebench.leaderboard import verify


@pytest.fixture(scope="session")
def whole_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return board_run.write_tree(tmp_path_factory.mktemp("board"))


@pytest.fixture
def tree(whole_tree: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole_tree, tmp_path / "submissions"))


@pytest.fixture(autouse=True)
def known_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts and tasks without networks and without the open set."""
    monkeypatch.setattr(verify, "metric_facts", lambda protocol: board_run.FACTS)
    monkeypatch.setattr(verify, "_tasks", lambda protocol: {task.key: task for task in board_run.tasks()})
