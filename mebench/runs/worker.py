"""The process that does tasks: one JSON line in, one JSON line out.

It is an ordinary child process, started afresh with one thread for every library, so that the numbers do not depend on
how many of them there are, a script that calls :func:`mebench.run` needs no guard, and a crash costs one task. The
messages are described by :class:`Setup`, :class:`Request` and :class:`Reply`.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypedDict

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
"""Environment of a worker: sums are taken in one order, whatever the machine."""


class RunSetup(TypedDict):
    """One run that the worker works for."""

    folder: str
    factory: str
    arguments: dict[str, Any]
    device: str
    keep_clips: bool
    redo_failed: bool


class Setup(TypedDict):
    """The first line in. Answered by ``{"ready": true}`` or a :class:`Reply` with an error."""

    runs: list[RunSetup]
    datasets: list[str]
    preparation: dict[str, Any] | None
    metrics: list[str]
    seed: int


class Request(TypedDict):
    """Every further line in: a task, and the runs (indices) that want it."""

    task: dict[str, Any]
    runs: list[int]


class Reply(TypedDict, total=False):
    """Every line out."""

    ready: bool
    done: list[dict[str, Any]]
    """One :class:`mebench.runs.unit.Done` for each run of the request."""
    error: str
    """Name of the error's class: what stops the whole run."""
    message: str
    traceback: str


def main() -> None:
    """Serve until the input ends. When it ends early the parent is gone: the process stops at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair: it ends its workers
    answers = _claim_stdout()
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    try:
        with one_thread():
            service = Service(json.loads(lines.get()))
            _answer(answers, {"ready": True})
            while True:
                _answer(answers, service.do(json.loads(lines.get())))
    except Exception as error:  # handed to the parent, which shows it
        _answer(
            answers,
            {"error": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()},
        )
        lines.get()  # stay until the parent has read it


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch and OpenCV on one thread for the time of a ``with`` block."""
    import cv2
    import torch

    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


class Service:
    """The loaded methods and metrics, and the datasets."""

    def __init__(self, setup: Setup) -> None:
        from mebench import registry
        from mebench.datasets.preparation import Preparation, prepared
        from mebench.methods.placing import put
        from mebench.runs.scoring import load_metrics
        from mebench.runs.spec import load_factory
        from mebench.runs.store import RunStore
        from mebench.runs.unit import Target

        given = setup["preparation"]
        preparation = Preparation.model_validate(given) if given is not None else None
        self._datasets = {name: prepared(registry.load("datasets", name)(), preparation) for name in setup["datasets"]}
        self._metrics = load_metrics(setup["metrics"])
        self._targets = [
            Target(
                RunStore(Path(run["folder"])),
                put(load_factory(run["factory"], run["arguments"]), run["device"]),
                setup["seed"],
                run["keep_clips"],
                run["redo_failed"],
            )
            for run in setup["runs"]
        ]

    def do(self, request: Request) -> Reply:
        """Do a task for the runs that want it."""
        from mebench.protocol import Task
        from mebench.runs.inputs import TaskInputs
        from mebench.runs.unit import finish

        task = Task.from_record(request["task"])
        inputs = TaskInputs(task, self._datasets[task.dataset], self._datasets[task.from_dataset])
        return {"done": [finish(self._targets[run], inputs, self._metrics).record() for run in request["runs"]]}


def _claim_stdout() -> TextIO:
    """The standard output for answers alone: whatever libraries print goes to the standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _listen(lines: queue.Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _answer(answers: TextIO, reply: Reply | dict[str, Any]) -> None:
    answers.write(json.dumps(reply) + "\n")
    answers.flush()
