"""A Ray cluster: one actor a worker, which keeps backbone and judges loaded and does one task after the other.

The folder of the run and ``MEBENCH_HOME`` must lie on storage that all nodes see. When a node is lost, the task that it was
doing is given to another one; what it had finished is on the storage.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from mebench.errors import MebenchError
from mebench.runs.engines.choice import Engine, needed, number, refuse_rest
from mebench.runs.pool import Finished, Piece, rebuilt
from mebench.runs.schedule import Schedule
from mebench.runs.worker import ONE_THREAD, Reply, Request, Service, Setup, one_thread

ATTEMPTS = 3
"""How often a task may lose its worker before it counts as the cause and becomes a failed row."""


class Actor:
    """A worker on some node."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._service: Service | None = None

    def ready(self) -> bool:
        """Answered once the actor has found room on a node."""
        return True

    def do(self, request: Request) -> Reply:
        """Do one task; an error that stops the run is an answer too."""
        try:
            with one_thread():
                self._service = self._service or Service(self._setup)
                return self._service.do(request)
        except MebenchError as error:
            return {"error": type(error).__name__, "message": str(error), "traceback": ""}


def make(options: dict[str, str]) -> Engine:
    """options: ``address`` of the cluster (default: the one that ``ray start`` told this machine of, else one is started
    here), ``cpus`` (default 1) and ``gpus`` that a worker takes (default 1 with the device ``cuda``, else 0)."""
    ray = needed("ray", "ray")
    options = dict(options)
    address = options.pop("address", None)
    cpus, gpus = number(options, "cpus", 1), number(options, "gpus", -1.0) if "gpus" in options else None
    refuse_rest(options, "ray", "address, cpus, gpus")

    def work(setup: Setup, pieces: Sequence[Piece], jobs: int, on_finished: Callable[[Finished], None]) -> None:
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False)
        environment = {**ONE_THREAD, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        if "MEBENCH_HOME" in os.environ:
            environment["MEBENCH_HOME"] = os.environ["MEBENCH_HOME"]
        on_card = any(run["device"].startswith("cuda") for run in setup["runs"])
        resources = {"num_cpus": cpus, "num_gpus": float(on_card) if gpus is None else gpus}
        remote = ray.remote(**resources, max_restarts=0, runtime_env={"env_vars": environment})(Actor)
        _Crew(ray, remote, setup, Schedule(pieces), on_finished).work(max(1, jobs))

    return work


class _Crew:
    """The actors of one run, and what each of them is doing. An actor gets work when it is up: one that waits for room on
    the cluster holds nothing back."""

    def __init__(
        self,
        ray: Any,
        remote: Any,
        setup: Setup,
        schedule: Schedule[list[int]],
        on_finished: Callable[[Finished], None],
    ) -> None:
        self._ray, self._remote, self._setup = ray, remote, setup
        self._schedule, self._on_finished = schedule, on_finished
        self._actors: dict[int, Any] = {}
        self._rising: dict[Any, int] = {}
        self._doing: dict[Any, tuple[int, Piece]] = {}
        self._idle: set[int] = set()
        self._again: list[Piece] = []
        self._attempts: dict[str, int] = {}

    def work(self, count: int) -> None:
        try:
            for index in range(count):
                self._raise(index)
            while self._doing or not self._is_done():
                done, _ = self._ray.wait([*self._doing, *self._rising], num_returns=1)
                for answer in done:
                    if answer in self._rising:
                        self._risen(answer)
                    else:
                        self._take(answer)
        finally:
            for actor in self._actors.values():
                self._ray.kill(actor)

    def _is_done(self) -> bool:
        """Whether no piece is left to be handed out; an idle actor has asked for one in vain."""
        return bool(self._idle) and not self._again

    def _raise(self, index: int) -> None:
        self._actors[index] = self._remote.remote(self._setup)
        self._rising[self._actors[index].ready.remote()] = index

    def _risen(self, answer: Any) -> None:
        index = self._rising.pop(answer)
        try:
            self._ray.get(answer)
        except self._ray.exceptions.RayActorError:
            self._raise(index)  # its node went before it was up
        else:
            self._next(index)

    def _next(self, index: int) -> None:
        piece = self._again.pop(0) if self._again else self._schedule.next(index)
        if piece is None:
            self._idle.add(index)
            return
        self._idle.discard(index)
        task, runs = piece
        self._doing[self._actors[index].do.remote({"task": task.record(), "runs": runs})] = index, piece

    def _take(self, answer: Any) -> None:
        index, piece = self._doing.pop(answer)
        task, runs = piece
        try:
            reply: Reply = self._ray.get(answer)
        except self._ray.exceptions.RayActorError as error:
            self._lost(piece, error)
            self._raise(index)
            return
        if "error" in reply:
            raise rebuilt(reply)
        self._on_finished(Finished(task, runs, reply["done"]))
        self._next(index)

    def _lost(self, piece: Piece, error: Exception) -> None:
        """Hand a piece whose node or process is gone to whoever is free, or give it up."""
        task, runs = piece
        self._attempts[task.key] = self._attempts.get(task.key, 0) + 1
        if self._attempts[task.key] >= ATTEMPTS:
            self._on_finished(Finished(task, runs, None, f"was lost {ATTEMPTS} times ({type(error).__name__})"))
            return
        self._again.append(piece)
        if self._idle:
            self._next(min(self._idle))
