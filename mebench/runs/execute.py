"""A plan, carried out: what is not finished is handed to worker processes, and the session is written down."""

from __future__ import annotations

import shlex
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import cast

from mebench.datasets.publication import keep_private
from mebench.errors import StorageError
from mebench.files import write_json
from mebench.methods.placing import CPU
from mebench.protocol import Task
from mebench.runs import provenance
from mebench.runs.engines.choice import Engine
from mebench.runs.lock import locked
from mebench.runs.network_files import hashes
from mebench.runs.page.licence import recorded_terms
from mebench.runs.plan import SEED, Plan, protocol_info
from mebench.runs.pool import Finished, Piece, work
from mebench.runs.progress import Progress
from mebench.runs.schema import SCHEMA_VERSION, RunRecord, SessionRecord, TaskCount, TaskInfo
from mebench.runs.store import RunStore
from mebench.runs.unit import failed_row, up_to_date
from mebench.runs.worker import Setup


@dataclass(frozen=True)
class Order:
    """How to carry a plan out. jobs: workers at most, 0: none but this process. limit: the first so many tasks only.
    engine: who does the pieces."""

    jobs: int
    limit: int | None = None
    retry_failed: bool = False
    engine: Engine = work


@dataclass
class _Run:
    """One run that tasks are done for, and what this session did for it."""

    plan: Plan
    store: RunStore
    keep_clips: bool
    redo_failed: bool
    generated: int = 0
    scored: int = 0
    notes: list[str] = field(default_factory=list)


def execute(plan: Plan, bounds: dict[str, Plan], order: Order, progress: Progress) -> None:
    """Bring ``plan`` and its bounds up to date, task by task. Finished work is left alone.

    Raises :class:`~mebench.errors.ConfigError` when another process works on the folder, and whatever stops a worker
    (a full disk, data that cannot be read); what is finished by then stays finished.
    """
    runs = [_Run(plan, RunStore(plan.folder), keep_clips=True, redo_failed=order.retry_failed)]
    for bound in bounds.values():
        if bound is not plan:
            runs.append(_Run(bound, RunStore(bound.folder), keep_clips=False, redo_failed=True))
    with ExitStack() as stack:
        stack.enter_context(locked(plan.folder))
        for run in runs:
            # Bounds are shared with other runs, which write the same bytes.
            run.store.prepare(alone=run.plan is plan, tasks=plan.whole)
        terms = [(name, recorded_terms(info)) for name, info in plan.datasets.items()]
        keep_private(plan.folder / "clips", terms)
        tasks = plan.tasks[: order.limit]
        pieces = _pieces(plan, runs, tasks)
        jobs = min(order.jobs, max(1, len(pieces)))
        session = stack.enter_context(_Session(runs[0], jobs))
        progress.begin(len(tasks), len(tasks) - len(pieces))
        if pieces:
            where = f"starting {jobs} worker{'s' if jobs > 1 else ''}" if jobs else "working in this process"
            progress.stage(f"{where}; the first clip takes longest")
            order.engine(_setup(plan, runs), pieces, jobs, lambda finished: _note(finished, runs, progress))
        session.completed = True


def task_count(plan: Plan, store: RunStore) -> TaskCount:
    """How far the run of ``plan`` is."""
    statuses = [
        row["status"] for task in plan.tasks if (row := store.row(task.key)) and row["task"]["hash"] == task.hash
    ]
    return {"planned": len(plan.tasks), "ok": statuses.count("ok"), "failed": statuses.count("failed")}


def _pieces(plan: Plan, runs: list[_Run], tasks: tuple[Task, ...]) -> list[Piece]:
    versions = {name: info["version"] for name, info in plan.metrics.items()}
    pieces: list[Piece] = []
    for task in tasks:
        wanted = [
            index
            for index, run in enumerate(runs)
            if not up_to_date(run.store, task, versions, keep_clips=run.keep_clips, redo_failed=run.redo_failed)
        ]
        if wanted:
            pieces.append((task, wanted))
    return pieces


def _setup(plan: Plan, runs: list[_Run]) -> Setup:
    return {
        "runs": [
            {
                "folder": str(run.store.folder.absolute()),
                "factory": run.plan.spec.factory,
                "arguments": run.plan.spec.arguments,
                "device": run.plan.spec.device,
                "keep_clips": run.keep_clips,
                "redo_failed": run.redo_failed,
            }
            for run in runs
        ],
        "datasets": list(plan.datasets),
        "preparation": plan.protocol.preparation.model_dump() if plan.protocol.preparation else None,
        "metrics": list(plan.metrics),
        "seed": SEED,
    }


def _note(finished: Finished, runs: list[_Run], progress: Progress) -> None:
    """Count what a worker did; a task in which it died becomes a failed row of the runs that have no finished one of it."""
    key = finished.task.key
    for position, index in enumerate(finished.runs):
        run = runs[index]
        if finished.done is None:
            stored = run.store.row(key)
            if stored is None or stored["status"] == "failed" or stored["task"]["hash"] != finished.task.hash:
                task = cast(TaskInfo, finished.task.record())
                run.store.write_row(failed_row(task, f"the worker process {finished.death}."))
            notes = [f"the worker process of {key} {finished.death}."]
        else:
            done = finished.done[position]
            run.generated += done["generated"]
            run.scored += done["scored"]
            notes = done["notes"]
        run.notes += notes
        for note in notes:
            progress.note(note)
    row = runs[0].store.row(key)
    progress.advance(key, row["status"] if row else "failed")


class _Session:
    """Writes the start and the end of a session into ``run.json``."""

    def __init__(self, run: _Run, jobs: int) -> None:
        self._run = run
        self._jobs = jobs
        self._started = time.monotonic()
        self.completed = False

    def __enter__(self) -> _Session:
        old = self._run.store.run_record()
        self._record: RunRecord = {
            "schema_version": SCHEMA_VERSION,
            "name": self._run.plan.name,
            "hash": self._run.plan.hash,
            "command": command(self._run.plan),
            "method": self._run.plan.method,
            "protocol": protocol_info(self._run.plan.protocol),
            "datasets": self._run.plan.datasets,
            "metrics": self._run.plan.metrics,
            "seed": SEED,
            "tasks": task_count(self._run.plan, self._run.store),
            "checks": list(self._run.plan.checks),
            "sessions": [*(old["sessions"] if old else []), self._session(None, None)],
        }
        self._write()
        return self

    def __exit__(self, *error: object) -> None:
        if not self.completed:
            self._run.notes.append("the session was stopped before all tasks were finished.")
        seconds = round(time.monotonic() - self._started, 3)
        started = self._record["sessions"][-1]["started"]
        self._record["sessions"][-1] = {**self._session(provenance.now(), seconds), "started": started}
        self._record["tasks"] = task_count(self._run.plan, self._run.store)
        try:
            self._write()
        except StorageError:
            if self.completed:
                raise  # otherwise what stopped the session says more

    def _session(self, finished: str | None, seconds: float | None) -> SessionRecord:
        return {
            "started": provenance.now(),
            "finished": finished,
            "seconds": seconds,
            "jobs": self._jobs,
            "generated": self._run.generated,
            "scored": self._run.scored,
            "notes": self._run.notes,
            "code": provenance.code(),
            "hardware": provenance.hardware(),
            "packages": provenance.packages(),
            "networks": hashes(self._run.plan.networks),
        }

    def _write(self) -> None:
        write_json(self._run.store.folder / "run.json", self._record)


def command(plan: Plan) -> str:
    """The command that gives the run of ``plan``."""
    if plan.spec.command is not None:
        return plan.spec.command
    parts = ["mebench", "run", "--method", plan.spec.given]
    if plan.spec.backbone is not None:
        parts += ["--backbone", plan.spec.backbone]
    if plan.spec.device != CPU:
        parts += ["--device", plan.spec.device]
    return shlex.join([*parts, "--protocol", plan.given_protocol])
