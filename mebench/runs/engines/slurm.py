"""A Slurm cluster, through submitit: one job array, each job doing an even part of the pieces.

The folder of the run and ``MEBENCH_HOME`` must lie on storage that all nodes see. A job that is preempted or runs out of
time is put back into the queue by submitit; it finds what it had finished and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mebench.errors import ConfigError, MebenchError, StorageError
from mebench.protocol import Task
from mebench.runs.engines.choice import Engine, needed, number
from mebench.runs.pool import Finished, Piece, rebuilt
from mebench.runs.worker import Reply, Request, Service, Setup, one_thread

POLL_SECONDS = 2.0
"""Time between two looks at the queue; Slurm's own accounting is not asked more often than submitit allows."""


class Part:
    """What one job does. It travels to the node by pickle, so it holds plain values alone."""

    def __init__(self, setup: Setup, requests: list[Request]) -> None:
        self.setup = setup
        self.requests = requests

    def __call__(self) -> list[Reply]:
        """One reply a request; after an error that stops the run, that error is the last."""
        replies: list[Reply] = []
        try:
            with one_thread():
                service = Service(self.setup)
                for request in self.requests:
                    replies.append(service.do(request))
        except MebenchError as error:
            replies.append({"error": type(error).__name__, "message": str(error), "traceback": ""})
        return replies

    def checkpoint(self) -> Any:
        """Asked by submitit before a job is preempted: the same part again; finished pieces are found finished."""
        return needed("submitit", "slurm").helpers.DelayedSubmission(self)


def make(options: dict[str, str]) -> Engine:
    """options: ``cluster`` (``slurm``, or ``local`` for a trial on this machine), ``poll`` seconds, and any parameter of
    ``submitit.AutoExecutor.update_parameters``, such as ``slurm_partition``, ``timeout_min``, ``gpus_per_node``."""
    submitit = needed("submitit", "slurm")
    options = dict(options)
    cluster = options.pop("cluster", "slurm")
    poll = number(options, "poll", POLL_SECONDS)
    parameters = {key: int(value) if value.isdigit() else value for key, value in options.items()}

    def work(setup: Setup, pieces: Sequence[Piece], jobs: int, on_finished: Callable[[Finished], None]) -> None:
        pieces, jobs = list(pieces), max(1, jobs)
        parts = [pieces[start::jobs] for start in range(min(jobs, len(pieces)))]
        executor = submitit.AutoExecutor(folder=Path(setup["runs"][0]["folder"]) / "slurm", cluster=cluster)
        try:
            executor.update_parameters(name="mebench", **parameters)
        except (NameError, TypeError, ValueError) as error:
            raise ConfigError(f"submitit does not take these engine options: {error}") from error
        with executor.batch():
            submitted = [executor.submit(Part(setup, [_request(*piece) for piece in part])) for part in parts]
        try:
            _wait(submitted, parts, poll, on_finished)
        finally:
            for job in submitted:
                if not job.done():
                    job.cancel()

    return work


def _request(task: Task, runs: list[int]) -> Request:
    return {"task": task.record(), "runs": runs}


def _wait(jobs: list[Any], parts: list[list[Piece]], poll: float, on_finished: Callable[[Finished], None]) -> None:
    waiting = dict(enumerate(jobs))
    trouble: BaseException | None = None
    while waiting:
        for index in [index for index, job in waiting.items() if job.done()]:
            job = waiting.pop(index)
            failure = job.exception()
            if failure is not None:
                trouble = trouble or StorageError(
                    f"the job {job.job_id} ended without a result; its log is {job.paths.stderr}. What it had finished is "
                    "kept, and the same command goes on."
                )
                continue
            for (task, runs), reply in zip(parts[index], job.result(), strict=False):
                if "error" in reply:
                    trouble = trouble or rebuilt(reply)
                    break
                on_finished(Finished(task, runs, reply["done"]))
        if waiting:
            time.sleep(poll)
    if trouble is not None:
        raise trouble
