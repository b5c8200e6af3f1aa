"""Runs that start in milliseconds: children of one process that has everything imported.

A session is one call of :func:`mebench.run` in a child with a process group of its own; its workers are children of the
child. As with real workers, one that has lost its parent ends at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from mebench.cli.app import hides_an_interrupt
from mebench.errors import MebenchError

TESTS = Path(__file__).resolve().parent.parent / "tests"
PLUGIN = TESTS / "runs" / "plugin"
"""A data set of small drawn faces, with methods and metrics that cost nothing."""


def prepare(*, page: bool = False) -> None:
    """Import all that a run of the plug-in needs, and leave out what takes time and no part in what is tested: the measured
    curves, versions of packages, which are asked once, and the page unless it is wanted."""
    sys.path.insert(0, str(PLUGIN))
    import mebench.runs.page
    from mebench import registry
    from mebench.runs import engines, execute, inputs, provenance, scoring, start, unit, worker  # noqa: F401

    registry._entries.cache_clear()
    for kind, name in (("datasets", "fake"), ("metrics", "fake-error"), ("metrics", "fake-light")):
        registry.load(kind, name)
    if not page:
        mebench.runs.page.build = lambda folder: folder / "index.html"
    unit.curves = unit.calibration = lambda sample: None  # type: ignore[assignment]
    for name in ("code", "hardware", "packages"):
        setattr(provenance, name, cache(getattr(provenance, name)))


def protocol(dataset: str, selection: dict[str, object], metrics: Sequence[str] = ("fake-light",)) -> dict[str, object]:
    """The content of a protocol file."""
    return {
        "name": "small",
        "version": 1,
        "title": "Small",
        "summary": "Small clips.",
        "datasets": [dataset],
        "split": "benchmark",
        "selection": selection,
        "max_fps": 50,
        "size": 64,
        "metrics": list(metrics),
    }


def method(**options: object) -> dict[str, object]:
    """The content of a method.yaml: the source, darkened."""
    return {
        "name": "shift",
        "version": 1,
        "plugin": {"name": "fake-shift", "options": options},
        "card": {"title": "Shift", "summary": "Darkens.", "authors": ["nobody"], "licence": "CC0-1.0"},
    }


@dataclass(frozen=True)
class Ended:
    """How a session ended. code: 0 when it finished, 2 for an error with a message, 130 for Ctrl-C, -9 for SIGKILL."""

    code: int
    message: str


class Session:
    """``body()`` in a child of this process."""

    def __init__(self, body: Callable[[], object]) -> None:
        self._words, theirs = os.pipe()
        with _uninterrupted():
            self.process = os.fork()
            if self.process == 0:
                os.setsid()
                os.close(self._words)
                _act(body, theirs)
        os.close(theirs)

    def send(self, number: int, *, everybody: bool) -> None:
        """Send a signal to the session, and to its workers as well where ``everybody`` is set."""
        with suppress(ProcessLookupError):  # it had ended by itself
            (os.killpg if everybody else os.kill)(self.process, number)

    def wait(self) -> Ended:
        """Wait for its end."""
        with os.fdopen(self._words, "r", encoding="utf-8") as words:
            message = words.read()  # until the last worker is gone too
        return Ended(os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1]), message)


def _act(body: Callable[[], object], words: int) -> None:
    """In the child: interrupts reach ``body`` alone."""
    code, message = 1, ""
    try:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            body()
            code = 0
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    except MebenchError as error:
        code, message = error.exit_code, str(error)
    except BaseException as error:
        code, message = (130, "") if hides_an_interrupt(error) else (1, f"{type(error).__name__}: {error}")
    finally:
        os.write(words, message.encode("utf-8"))
        os._exit(code)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Interrupts wait until the block is left: a child must not be interrupted before it is on its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def forked_work(setup: Any, pieces: Sequence[Any], jobs: int, on_finished: Callable[[Any], None]) -> None:
    """An engine: ``jobs`` forked workers, each with an even part of the pieces."""
    from mebench.runs.pool import Finished, rebuilt

    pieces = list(pieces)
    life, ours = os.pipe()  # closed by the system when this process ends, however it ends
    answers: dict[Connection, list[Any]] = {}
    workers = []
    for index in range(min(jobs, len(pieces))):
        mine, theirs = Pipe(duplex=False)
        with _uninterrupted():
            process = os.fork()
            if process == 0:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                os.close(ours)
                mine.close()
                _serve(setup, pieces[index::jobs], theirs, life)
        theirs.close()
        workers.append(process)
        answers[mine] = pieces[index::jobs]
    try:
        while answers:
            for answer in wait(list(answers)):
                try:
                    reply = answer.recv()
                except EOFError:
                    task, runs = answers.pop(answer)[0]
                    on_finished(Finished(task, runs, None, "was ended"))
                    continue
                if "error" in reply:
                    raise rebuilt(reply)
                task, runs = answers[answer].pop(0)
                on_finished(Finished(task, runs, reply["done"]))
                if not answers[answer]:
                    answers.pop(answer)
    finally:
        for process in workers:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        os.close(ours)
        os.close(life)


def _serve(setup: Any, pieces: Sequence[Any], answers: Connection, life: int) -> None:
    from mebench.runs.worker import Service, one_thread

    threading.Thread(target=_end_with_parent, args=(life,), daemon=True).start()
    try:
        with one_thread():
            service = Service(setup)
            for task, runs in pieces:
                answers.send(service.do({"task": task.record(), "runs": runs}))
    except Exception as error:
        answers.send({"error": type(error).__name__, "message": str(error), "traceback": ""})
    finally:
        threading.Event().wait()  # the parent ends its workers


def _end_with_parent(life: int) -> None:
    os.read(life, 1)
    os._exit(0)
