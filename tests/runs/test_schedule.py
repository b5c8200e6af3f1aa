"""Who does what next, and who may work on a folder."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading

import pytest

from mebench.errors import ConfigError
from mebench.protocol import Task
from mebench.runs.lock import locked
from mebench.runs.schedule import Schedule

TASK = Task("k", "cross", "d", "s", "a", "t1", "s1", "x", "x", "x", 25.0, (0, 1, 2), 0, 1, 2, ("4",), 64, "h")


def work(*driving: str) -> list[tuple[Task, int]]:
    return [(dataclasses.replace(TASK, key=str(n), driving=name), n) for n, name in enumerate(driving)]


def test_a_worker_stays_with_its_driving_clip_then_takes_a_free_one_then_helps():
    schedule = Schedule(work("a", "b", "a", "b", "b", "a"))
    assert [schedule.next(0)[0].driving for _ in range(2)] == ["a", "a"]
    assert schedule.next(1)[0].driving == "b"
    assert schedule.next(0)[0].driving == "a"
    assert schedule.next(0)[0].driving == "b"  # nothing is free: it helps
    assert schedule.next(1)[0].driving == "b"
    assert schedule.next(0) is None


def test_every_piece_is_handed_out_once_to_many_threads():
    schedule = Schedule(work(*[name for name in "abcdefg" for _ in range(50)]))
    got: list[int] = []

    def take(worker: int) -> None:
        while (piece := schedule.next(worker)) is not None:
            got.append(piece[1])

    threads = [threading.Thread(target=take, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(350))


def test_nothing_is_handed_out_after_a_stop():
    schedule = Schedule(work("a", "b"))
    schedule.stop()
    assert schedule.next(0) is None


def test_a_folder_is_held_by_one_and_let_go_when_its_process_is_killed(tmp_path):
    code = (
        "import sys, time, pathlib\n"
        "from mebench.runs.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(ConfigError, match=rf"process {child.pid} is working on"), locked(tmp_path):
        pass
    child.kill()
    child.wait()
    with locked(tmp_path):
        pass
