"""``mebench.run``: from a method and a protocol to a scored run folder with a page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mebench.errors import ConfigError
from mebench.methods.suitable import refuse_seen, refuse_unsuitable, seen_datasets
from mebench.protocol import Protocol, load_protocol
from mebench.runs.bounds import bound_plans
from mebench.runs.conclude import RunResult, conclude
from mebench.runs.engines.choice import engine as choose_engine
from mebench.runs.execute import Order, command, execute
from mebench.runs.plan import Plan, load_datasets, make_plan
from mebench.runs.progress import Progress, Silent
from mebench.runs.provenance import memory_gb
from mebench.runs.resume import options_of
from mebench.runs.shards import Shard, pack_bounds
from mebench.runs.spec import MethodSpec

MOST_JOBS = 8
"""Default number of processes at most: open-mini has 24 tasks, and starting a process costs as much as half a task."""

GB_A_JOB = 2.0
"""Memory to be had for each process by default; 1.4 GB were measured."""


def run(
    method: str | Path = "magplus",
    backbone: str | None = None,
    protocol: str | Path | Protocol = "open-mini",
    *,
    device: str = "cpu",
    jobs: int | None = None,
    out: str | Path = "runs",
    limit: int | None = None,
    shard: str | None = None,
    engine: str = "local",
    engine_options: Mapping[str, str] | None = None,
    bounds: bool = True,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Run ``method`` on ``protocol``: generate, store, score, summarise, and write the page. Same as ``mebench run``.

    The same call continues where an interrupted one stopped; what is finished is neither computed again nor lost, and a
    changed metric scores stored clips without generating them. The scores are the same bytes for any number of jobs.

    method: name of a baseline, or a path to a ``method.yaml``. backbone: replaces the method's own.
    protocol: name, path of a YAML file, or :class:`Protocol`. device: where the method's networks work: ``cpu`` (the numbers
    of the board), ``cuda`` (several cards take turns with ``jobs``), ``cuda:N``, ``mps``; scoring stays on the processor. jobs: processes (default: one a core and 2 GB of memory,
    at most 8); 0 works in this process, for debuggers.
    out: where run folders are kept. limit: do the first so many tasks only; a later call without it goes on.
    shard: ``i/n`` does the i-th of n parts, in a folder of its own; :func:`mebench.runs.shards.merge` puts parts together.
    engine: ``local``, ``slurm`` or ``ray``; engine_options: see the modules of :mod:`mebench.runs.engines`.
    bounds: also score floor (``still``) and ceiling (``truth``) on the same tasks, once per protocol and machine.
    retry_failed: try failed tasks again.

    Raises :class:`~mebench.errors.ConfigError` for unknown names and wrong values, and the other errors of
    :mod:`mebench.errors` where files, weights or the disk stop the run.
    """
    progress = progress or Silent()
    chosen = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    return run_spec(
        MethodSpec.named(method, backbone, device),
        chosen,
        given_protocol=None if isinstance(protocol, Protocol) else str(protocol),
        jobs=jobs,
        out=out,
        limit=limit,
        shard=shard,
        engine=engine,
        engine_options=engine_options,
        bounds=bounds,
        retry_failed=retry_failed,
        progress=progress,
    )


def run_spec(
    spec: MethodSpec,
    protocol: Protocol,
    *,
    given_protocol: str | None = None,
    jobs: int | None = None,
    out: str | Path = "runs",
    limit: int | None = None,
    shard: str | None = None,
    engine: str = "local",
    engine_options: Mapping[str, str] | None = None,
    bounds: bool = True,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Like :func:`run`, for a method that is described by a :class:`~mebench.runs.spec.MethodSpec`."""
    progress = progress or Silent()
    order = Order(
        jobs=_jobs(jobs),
        limit=_limit(limit),
        retry_failed=retry_failed,
        engine=choose_engine(engine, engine_options or {}),
    )
    part = None if shard is None else Shard.parse(shard)
    try:
        progress.stage(f"loading {spec.name}")
        datasets = load_datasets(protocol)
        plan = make_plan(spec, protocol, datasets, Path(out), given_protocol=given_protocol)
        _refuse_unsuitable(plan)
        if part is not None:
            plan = part.of(plan)
        plans: dict[str, Plan] = bound_plans(plan, datasets) if bounds else {}
        execute(plan, plans, order, progress)
        if part is not None:
            pack_bounds(plan, plans)
        progress.stage("writing the tables and the page")
        page, summary = conclude(plan, plans)
        options = options_of(plan.folder, bounds=bounds)
        return RunResult(plan.folder, page, summary, command(plan), options)
    finally:
        progress.end()


def _refuse_unsuitable(plan: Plan) -> None:
    """:class:`ConfigError` for a method that this protocol cannot be run with; see :mod:`mebench.methods.suitable`."""
    method, protocol = plan.method, plan.protocol
    name, facts = method["name"], method["facts"]
    gains = [task.gain for task in plan.tasks]
    refuse_unsuitable(name, method["config"], facts, protocol=protocol.name, gains=gains)
    rules = (protocol.folds, protocol.selection.held_out if protocol.selection else None)
    if any(rule is not None and rule.by == "dataset" for rule in rules):
        refuse_seen(name, seen_datasets(method["card"], facts), protocol.datasets, protocol=protocol.name)


def _jobs(jobs: int | None) -> int:
    if jobs is None:
        room = int((memory_gb() or MOST_JOBS * GB_A_JOB) / GB_A_JOB)
        return max(1, min(_cores(), room, MOST_JOBS))
    if jobs < 0:
        raise ConfigError(f"the number of jobs is {jobs}; give 1 or more, or 0 to work in this process.")
    return jobs


def _cores() -> int:
    """Cores that this process may use (fewer than the machine has, in a container or under a scheduler)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _limit(limit: int | None) -> int | None:
    if limit is not None and limit < 1:
        raise ConfigError(f"the limit is {limit}; give 1 or more tasks.")
    return limit
