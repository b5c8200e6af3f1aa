"""Worker processes: started, fed and watched, each by a thread of its own."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any

import mebench.errors
from mebench.errors import MebenchError
from mebench.protocol import Task
from mebench.runs.schedule import Schedule
from mebench.runs.worker import ONE_THREAD, Reply, Service, Setup, one_thread

Piece = tuple[Task, list[int]]
"""A task and the runs (indices in :class:`Setup`) that want it."""

_START = "import sys; sys.path[:] = sys.argv[1:]; from mebench.runs.worker import main; main()"
"""The child sees the parent's import path and nothing else: no module of the folder it is started in comes between."""

_LAST_WORDS = 600
"""Characters of a dead worker's standard error that are shown."""


@dataclass(frozen=True)
class Finished:
    """A task that a worker came back from. done: one record a run; None when the process died in the task."""

    task: Task
    runs: list[int]
    done: list[dict[str, Any]] | None
    death: str = ""


def work(setup: Setup, pieces: Iterable[Piece], jobs: int, on_finished: Callable[[Finished], None]) -> None:
    """Do all ``pieces`` with ``jobs`` processes; ``on_finished`` is called in this thread, in the order of finishing.

    jobs: 0 does them one after the other in this process, where debuggers reach the method. Raises what stopped a
    worker (a full disk, data that cannot be read), as the class it had there; pieces that were finished stay finished.
    Workers are ended when this function is left, whatever the reason.
    """
    schedule: Schedule[list[int]] = Schedule(pieces)
    if jobs == 0:
        _work_here(setup, schedule, on_finished)
        return
    events: queue.Queue[Finished | BaseException | None] = queue.Queue()
    workers = [_Worker(index, setup, schedule, events) for index in range(jobs)]
    trouble: BaseException | None = None
    try:
        for worker in workers:
            worker.start()
        running = len(workers)
        while running:
            event = events.get()
            if event is None:
                running -= 1
            elif isinstance(event, BaseException):
                trouble = trouble or event
                schedule.stop()
            else:
                on_finished(event)
    finally:
        schedule.stop()
        for worker in workers:
            worker.kill()
    if trouble is not None:
        raise trouble


def _work_here(setup: Setup, schedule: Schedule[list[int]], on_finished: Callable[[Finished], None]) -> None:
    with one_thread():
        service = Service(setup)
        while (piece := schedule.next(0)) is not None:
            task, runs = piece
            on_finished(Finished(task, runs, service.do({"task": task.record(), "runs": runs})["done"]))


class _Interrupted(Exception):
    """The pool was left while a process was being started."""


class _Worker(threading.Thread):
    """One process and the thread that talks with it."""

    def __init__(
        self,
        index: int,
        setup: Setup,
        schedule: Schedule[list[int]],
        events: queue.Queue[Finished | BaseException | None],
    ) -> None:
        super().__init__(daemon=True)
        self._index = index
        self._setup = setup
        self._schedule = schedule
        self._events = events
        self._process: _Process | None = None
        self._killed = threading.Event()

    def run(self) -> None:
        try:
            while not self._killed.is_set() and (piece := self._schedule.next(self._index)) is not None:
                self._events.put(self._do(*piece))
        except BaseException as error:
            if not self._killed.is_set():
                self._events.put(error)
        finally:
            if self._process is not None:
                self._process.end()
            self._events.put(None)

    def kill(self) -> None:
        """End the process at once."""
        self._killed.set()
        if self._process is not None:
            self._process.end()

    def _do(self, task: Task, runs: list[int]) -> Finished:
        if self._process is None:
            self._process = _Process(card_of(self._index, self._setup))
            if self._killed.is_set():
                raise _Interrupted
            if not self._process.ask(self._setup):
                raise RuntimeError(f"a worker process {self._process.last_words()} before it could start.")
        reply = self._process.ask({"task": task.record(), "runs": runs})
        if reply is None:
            death, self._process = self._process.last_words(), None
            return Finished(task, runs, None, death)
        return Finished(task, runs, reply["done"])


def card_of(index: int, setup: Setup) -> dict[str, str]:
    """Which graphics card the worker ``index`` sees: with the device ``cuda`` and several cards, they take turns."""
    if all(run["device"] != "cuda" for run in setup["runs"]):
        return {}
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    cards = [card.strip() for card in named.split(",") if card.strip()] or [
        str(number) for number in range(torch.cuda.device_count())
    ]
    return {"CUDA_VISIBLE_DEVICES": cards[index % len(cards)]} if len(cards) > 1 else {}


class _Process:
    """A child process with one question and one answer at a time."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the child)
        self._child = subprocess.Popen(
            [sys.executable, "-c", _START, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **ONE_THREAD, **environment},
            text=True,
            encoding="utf-8",
        )

    def ask(self, message: Any) -> Reply | None:
        """Send ``message`` and wait for the answer; None when the process died. Raises the error that it answers."""
        assert self._child.stdin is not None and self._child.stdout is not None
        try:
            self._child.stdin.write(json.dumps(message) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except (OSError, ValueError):
            return None
        if not line.endswith("\n"):
            return None
        reply: Reply = json.loads(line)
        if "error" in reply:
            raise rebuilt(reply)
        return reply

    def last_words(self) -> str:
        """How the process ended, with the end of its standard error."""
        code = self._child.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        self._errors.seek(0)
        words = " ".join(self._errors.read()[-_LAST_WORDS:].decode("utf-8", "replace").split())
        return f"{how}: {words}" if words else how

    def end(self) -> None:
        """End the process at once; what it had half written is removed at the next start."""
        self._child.kill()
        self._child.wait()
        self._errors.close()


def rebuilt(reply: Reply) -> BaseException:
    """The error of the worker as an error of this process, its traceback attached as a note where Python has notes."""
    kind = getattr(mebench.errors, reply["error"], None)
    if isinstance(kind, type) and issubclass(kind, MebenchError):
        error: BaseException = kind(reply["message"])
    else:
        error = RuntimeError(f"{reply['error']} in a worker process: {reply['message']}")
    if hasattr(error, "add_note"):
        error.add_note(reply["traceback"])
    return error
