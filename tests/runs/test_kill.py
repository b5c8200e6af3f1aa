"""SIGKILL at random moments: nothing finished is lost, nothing finished is done again, and the bytes are the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CLIPS = 18
KILLS = 3

_RUN = """
import sys
sys.path.insert(0, sys.argv[1])
import mebench, mebench.runs.page
mebench.runs.page.build = lambda folder: folder / "index.html"
mebench.run(sys.argv[2], protocol=sys.argv[3], out=sys.argv[4], jobs=2, bounds=False)
"""


@pytest.fixture
def command(plugin, tmp_path, protocol_file, method_file):
    """The command of a run with two processes below ``out``, its log of generated clips beside it."""
    protocol = protocol_file(selection={"seed": 3, "self": {"clips": CLIPS // 2}, "cross": {"pairs": CLIPS // 2}})

    def build(out: Path, name: str) -> list[str]:
        method = method_file("shift", log=str(tmp_path / f"{name}.txt"), sleep=0.15)
        moved = method.rename(tmp_path / f"{name}.yaml")
        return [sys.executable, "-c", _RUN, str(plugin), str(moved), str(protocol), str(out)]

    return build


def generated(folder: Path) -> dict[str, bytes]:
    """Clips that the folder's rows vouch for."""
    found = {}
    for path in (folder / "tasks").glob("*.json"):
        if not path.name.startswith("."):
            found[path.stem] = (folder / json.loads(path.read_text())["clip"]["file"]).read_bytes()
    return found


def only(out: Path) -> Path:
    return next(path for path in out.iterdir() if path.is_dir())


@pytest.mark.slow
def test_killed_at_random_moments_and_started_again_a_run_ends_with_the_same_bytes(command, exact_bytes, tmp_path):
    # The log's path is part of the method's options and so of the run's hash: both runs log to one file.
    straight = command(tmp_path / "straight", "log")
    subprocess.run(straight, check=True)
    whole = exact_bytes(only(tmp_path / "straight"))
    log = tmp_path / "log.txt"
    log.unlink()

    chance = random.Random(0)
    killed = [*straight[:-1], str(tmp_path / "killed")]
    for _ in range(KILLS):
        process = subprocess.Popen(killed)
        wait_for_a_clip(log, process, len(lines(log)))
        time.sleep(chance.uniform(0.0, 0.8))
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = generated(only(tmp_path / "killed"))
        time.sleep(0.3)  # what the orphaned workers were writing is whole or not there
        after = generated(only(tmp_path / "killed"))
        assert {key: after[key] for key in before} == before
    subprocess.run(killed, check=True)

    assert exact_bytes(only(tmp_path / "killed")) == whole
    # A clip in progress at a kill (at most one a process) is generated again; a finished one never is.
    assert CLIPS <= len(lines(log)) <= CLIPS + 2 * KILLS
    assert not list((tmp_path / "killed").rglob("*.partial*"))


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def wait_for_a_clip(log: Path, process: subprocess.Popen[bytes], before: int) -> None:
    """Until the process has begun a clip (start-up takes seconds and is not what is tested) or has ended."""
    while process.poll() is None and len(lines(log)) == before:
        time.sleep(0.02)


@pytest.mark.slow
def test_workers_end_when_their_parent_is_killed(command, tmp_path):
    log = tmp_path / "log.txt"
    process = subprocess.Popen(command(tmp_path / "out", "log"), env={**os.environ, "PYTHONUNBUFFERED": "1"})
    wait_for_a_clip(log, process, 0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1.0)
    count = len(lines(log))
    time.sleep(1.0)
    assert len(lines(log)) == count
