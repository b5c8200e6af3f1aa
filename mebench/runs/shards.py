"""A run in parts: each part is a run folder of its own, anywhere; together they give the run that one machine would give.

Part i of n takes every n-th task, from the i-th on. Nothing but the files of a part is needed to merge it: its rows, clips
and vectors, and the rows of floor and ceiling on the same tasks. Parts of different n may be mixed, and may overlap: a
task counts when any part has finished it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mebench.errors import ConfigError, InputError
from mebench.files import write_whole
from mebench.methods.placing import CPU
from mebench.protocol import Protocol, Task
from mebench.runs.bounds import bound_plans
from mebench.runs.conclude import RunResult, conclude
from mebench.runs.execute import Order, execute
from mebench.runs.lock import locked
from mebench.runs.plan import Plan, load_datasets, make_plan
from mebench.runs.progress import Progress, Silent
from mebench.runs.resume import options_of
from mebench.runs.schema import RunRecord
from mebench.runs.spec import MethodSpec
from mebench.runs.store import RunStore
from mebench.runs.unit import up_to_date

BOUNDS = "bounds"
"""Folder of a part that holds the rows of floor and ceiling, one folder a role."""


@dataclass(frozen=True)
class Shard:
    """Part ``number`` (from 1) of ``count``."""

    number: int
    count: int

    @staticmethod
    def parse(text: str) -> Shard:
        """``2/7``; :class:`~mebench.errors.ConfigError` for anything else."""
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise ConfigError(f"the shard '{text}' is not of the form i/n with 1 <= i <= n; write for instance 2/7.")
        return Shard(int(match[1]), int(match[2]))

    def of(self, plan: Plan) -> Plan:
        """The part of ``plan``, in a folder beside that of the whole run."""
        name = f"{plan.folder.name}.shard-{self.number}-of-{self.count}"
        tasks = plan.tasks[self.number - 1 :: self.count]
        return replace(plan, folder=plan.folder.with_name(name), tasks=tasks, part_of=plan.whole)


def pack_bounds(part: Plan, bounds: dict[str, Plan]) -> None:
    """Put the finished rows of floor and ceiling beside those of ``part``, so that it can travel alone."""
    versions = _versions(part)
    for role, bound in bounds.items():
        if bound.hash == part.hash:
            continue
        source, target = RunStore(bound.folder), RunStore(part.folder / BOUNDS / role)
        target.prepare(alone=False, tasks=part.whole)
        for task in part.tasks:
            if _done(source, task, versions, clips=False) and not _done(target, task, versions, clips=False):
                _copy(source, target, task)


def merge(
    folders: Sequence[str | Path],
    *,
    out: str | Path = "runs",
    method: str | Path | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Put the parts ``folders`` together below ``out``, and write tables, summary and page. Same as ``mebench merge``.

    method: the ``method.yaml`` (or its folder) of a method in a Python file of its own, which the parts do not hold. The
    result holds the same bytes as a run in one piece, times and memory excepted. The parts are left as they are.

    Raises :class:`~mebench.errors.InputError` for a folder that is no run or part of another run, and
    :class:`~mebench.errors.ConfigError` for another ``method`` than that of the parts, and when tasks are missing; what was
    found is kept then, and the command of the run finishes the rest.
    """
    progress = progress or Silent()
    parts = [Path(folder) for folder in folders]
    if not parts:
        raise ConfigError("there is nothing to merge; give the folders of the parts.")
    record = _same_run(parts)
    protocol = Protocol.model_validate(record["protocol"]["content"])
    datasets = load_datasets(protocol)
    plan = make_plan(_spec(record, method), protocol, datasets, Path(out))
    if plan.hash != record["hash"]:
        raise InputError(
            f"{parts[0]} was made with another method, other weights or other data than this machine has "
            f"({record['hash'][:8]} there, {plan.hash[:8]} here); merge where they are the same."
        )
    bounds = bound_plans(plan, datasets)
    with locked(plan.folder):
        missing = _gather(plan, parts)
        for role, bound in bounds.items():
            _gather(bound, [part / BOUNDS / role for part in parts], clips=False)
    options = options_of(plan.folder, bounds=True)
    if missing:
        raise ConfigError(
            f"{len(missing)} of {len(plan.tasks)} tasks are in none of the parts, the first is '{missing[0].key}'; add the "
            f"parts that lack, or finish here with: {record['command']}{options}"
        )
    execute(plan, bounds, Order(jobs=0), progress)
    page, summary = conclude(plan, bounds)
    return RunResult(plan.folder, page, summary, record["command"], options)


def _same_run(parts: list[Path]) -> RunRecord:
    """The record of the parts; :class:`InputError` when they do not belong together."""
    records = []
    for part in parts:
        record = RunStore(part).run_record()
        if record is None:
            raise InputError(
                f"{part} is no run folder: it has no run.json that can be read; name the folders of parts."
            )
        records.append(record)
    for part, record in zip(parts, records, strict=True):
        if record["hash"] != records[0]["hash"]:
            raise InputError(f"{part} is part of another run than {parts[0]}; merge the parts of one run at a time.")
        for file, digest in _networks(record).items():
            if _networks(records[0]).get(file, digest) != digest:
                raise InputError(
                    f"{part} was scored with another file {file} than {parts[0]}; score it again with the same one."
                )
    return records[0]


def _networks(record: RunRecord) -> dict[str, str]:
    """By name the hash of every network file that the metrics read, in the last session that had it."""
    sessions = [session.get("networks", {}) for session in record["sessions"]]
    return {file: digest for read in sessions for files in read.values() for file, digest in files.items() if digest}


def _spec(record: RunRecord, given: str | Path | None) -> MethodSpec:
    """The method of a record, without the file that it came from; or as ``given``, which must be the same."""
    method = record["method"]
    content = {**method["config"], "card": method["card"]}
    if given is not None:
        found = MethodSpec.named(given, method["backbone"])
        _refuse_other(given, found.config, method["config"])
        content = found.arguments["content"]
    elif file := (method["config"].get("plugin") or {}).get("file"):
        raise ConfigError(
            f"the parts are of '{method['name']}', whose Python file {file} they do not hold; add --method with the path of its "
            "method.yaml or of the folder that holds both."
        )
    return MethodSpec(
        name=method["name"],
        backbone=method["backbone"],
        given=method["name"],
        factory="mebench.runs.spec:build_checked",
        arguments={"content": content},
        config=method["config"],
        card=method["card"],
        command=record["command"],
        device=method["facts"].get("device", CPU),
    )


def _refuse_other(given: str | Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """:class:`ConfigError` when the method ``given``, configured as ``found``, is not the ``wanted`` one of the parts."""
    if found == wanted:
        return
    here, there = (config.get("plugin") or {} for config in (found, wanted))
    if here.get("file") == there.get("file") and here.get("sha256") != there.get("sha256"):
        raise ConfigError(
            f"{given} names another {here['file']} than that of the parts (SHA-256 {here['sha256'][:8]} here, "
            f"{there['sha256'][:8]} there); give the file as it was, or run the parts again."
        )
    raise ConfigError(
        f"{given} describes another method than '{wanted['name']}' of the parts; give the method.yaml that they were made "
        "with, or run the parts again."
    )


def _gather(plan: Plan, parts: list[Path], *, clips: bool = True) -> list[Task]:
    """Copy finished tasks of ``parts`` into the folder of ``plan``; gives the tasks that are nowhere."""
    target, versions = RunStore(plan.folder), _versions(plan)
    target.prepare(alone=clips, tasks=plan.whole)
    holders: dict[str, list[RunStore]] = {}
    for store in map(RunStore, parts):
        for key in store.finished():
            holders.setdefault(key, []).append(store)
    missing = []
    for task in plan.tasks:
        if _done(target, task, versions, clips=clips):
            continue
        sources = holders.get(task.key, [])
        source = next((store for store in sources if _done(store, task, versions, clips=clips)), None)
        if source is None:
            missing.append(task)
        else:
            _copy(source, target, task)
    return missing


def _done(store: RunStore, task: Task, versions: dict[str, int], *, clips: bool) -> bool:
    return up_to_date(store, task, versions, keep_clips=clips, redo_failed=False)


def _versions(plan: Plan) -> dict[str, int]:
    return {name: info["version"] for name, info in plan.metrics.items()}


def _copy(source: RunStore, target: RunStore, task: Task) -> None:
    """Everything of a task, the row last: it vouches for the rest."""
    for kind in ("clips", "features", "costs", "tasks"):
        path = source.folder / source.path(kind, task.key)
        if path.is_file():
            write_whole(target.folder / target.path(kind, task.key), partial(_link_or_copy, path))


def _link_or_copy(path: Path, temporary: Path) -> None:
    """A second name for the same bytes, which takes no room, or a copy where the file system gives none. No file of a run is
    ever changed in place, so names that share bytes stay independent."""
    try:
        temporary.unlink(missing_ok=True)
        os.link(path, temporary)
    except OSError:
        shutil.copyfile(path, temporary)
