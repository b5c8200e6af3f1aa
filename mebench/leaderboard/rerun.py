"""``mebench verify --rerun K``: some tasks of a submission are generated again here, and must agree.

Only a method of this tree, or one that is installed as an entry point, on an open protocol, with the very configuration
that the submission names; nothing is taken from the submission but numbers to compare with.
"""

from __future__ import annotations

import datetime
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mebench import registry
from mebench.errors import ConfigError
from mebench.files import write_json
from mebench.leaderboard.folder import Result, Submission
from mebench.leaderboard.schema import SCHEMA_VERSION, Rerun, RerunTask, Trust
from mebench.protocol import load_protocol
from mebench.runs import provenance
from mebench.runs.execute import Order, execute
from mebench.runs.plan import Plan, load_datasets, make_plan
from mebench.runs.progress import Progress, Silent
from mebench.runs.schema import MetricInfo, ScoreRecord, TaskRecord
from mebench.runs.spec import MethodSpec
from mebench.runs.store import RunStore

RELATIVE = 0.02
"""Scores of two machines may differ by this share and by two units of the last digit that is shown, or two of the metric's
steps: other processors sum in other orders, and flow estimators amplify it. On one machine equal code gives equal pixels."""


def rerun(submission: Submission, count: int, *, progress: Progress | None = None) -> dict[str, Rerun]:
    """Generate ``count`` tasks of every result again, chosen at random, so that nobody knows them before.

    :class:`ConfigError` where the method or the data of a result are not here.
    """
    if count < 1:
        raise ConfigError(f"the number of tasks is {count}; give 1 or more.")
    return {result.name: _rerun(result, count, progress or Silent()) for result in submission.results}


def write_trust(submission: Submission, reruns: Mapping[str, Rerun]) -> Path:
    """Write ``trust.json`` with ``reruns``; what it said of other results and tasks of the same manifest stays, so that a
    task that disagreed is not drawn away."""
    old = (
        submission.trust
        if submission.trust and submission.trust.manifest_sha256 == submission.manifest_sha256
        else None
    )
    earlier = old.reruns if old else {}
    trust = Trust(
        schema_version=SCHEMA_VERSION,
        manifest_sha256=submission.manifest_sha256,
        reruns={**earlier, **{name: _joined(earlier.get(name), new) for name, new in reruns.items()}},
    )
    path = submission.folder / "trust.json"
    write_json(path, trust.model_dump(mode="json"))
    return path


def _joined(old: Rerun | None, new: Rerun) -> Rerun:
    """The tasks of both; of a task that stands in both the new verdict."""
    tasks = {task.task: task for task in (*(old.tasks if old else ()), *new.tasks)}
    return new.model_copy(update={"tasks": [tasks[key] for key in sorted(tasks)]})


def _rerun(result: Result, count: int, progress: Progress) -> Rerun:
    protocol = load_protocol(result.run.protocol.name)
    datasets = load_datasets(protocol)
    gated = [name for name, dataset in datasets.items() if not dataset.terms.may_show_frames]
    if gated:
        raise ConfigError(
            f"{result.name}: '{gated[0]}' is no open dataset; only results on open protocols are run again."
        )
    tasks = {task.key: task for task in protocol.tasks(datasets)}
    rows = [row for row in result.rows if row["task"]["key"] in tasks]
    chosen = random.SystemRandom().sample(rows, min(count, len(rows)))
    with tempfile.TemporaryDirectory(prefix="mebench-rerun-") as folder:
        plan = make_plan(
            known_method(result),
            protocol,
            datasets,
            Path(folder),
            tasks=tuple(tasks[row["task"]["key"]] for row in chosen),
        )
        execute(plan, {}, Order(jobs=1), progress)
        compared = [_compare(row, plan) for row in sorted(chosen, key=lambda row: row["task"]["key"])]
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return Rerun(date=today, by="mebench verify --rerun", code=provenance.code(), tasks=compared)


def known_method(result: Result) -> MethodSpec:
    """The method of this tree that a result names; :class:`ConfigError` when there is none of this configuration."""
    method: dict[str, Any] = result.run.method
    name = str(method.get("name"))
    if ((method.get("config") or {}).get("plugin") or {}).get("file"):
        raise ConfigError(
            f"the method '{name}' is a Python file of its authors; only methods of this tree or installed entry points are run again."
        )
    spec = MethodSpec.named(name, method.get("backbone"))
    plugin = (spec.config.get("plugin") or {}).get("name")
    if plugin is not None and plugin not in registry.names("methods"):
        raise ConfigError(f"the method '{name}' needs the plug-in '{plugin}', which is not installed here.")
    if spec.config != method.get("config"):
        raise ConfigError(f"{result.name} was run with another configuration of '{name}' than this tree has.")
    return spec


def _compare(row: TaskRecord, plan: Plan) -> RerunTask:
    again = RunStore(plan.folder).row(row["task"]["key"])
    key = row["task"]["key"]
    if again is None or again["status"] != row["status"]:
        return RerunTask(task=key, agreed="no")
    if row["clip"] and again["clip"] and row["clip"]["pixels_sha256"] == again["clip"]["pixels_sha256"]:
        return RerunTask(task=key, agreed="hash")
    gaps = {name: gap(again["scores"].get(name), score, plan.metrics[name]) for name, score in row["scores"].items()}
    worst = max(gaps, key=lambda name: gaps[name][1], default=None)
    agreed = all(share <= 1.0 for _, share in gaps.values())
    largest = None if worst is None else (worst, gaps[worst][0])
    return RerunTask(task=key, agreed="scores" if agreed else "no", largest=largest)


def gap(again: ScoreRecord | None, given: ScoreRecord, info: MetricInfo) -> tuple[float, float]:
    """Difference of two numbers of one metric, and that difference in units of the tolerance (at most 1 agrees)."""
    new, old = (again["value"] if again else None), given["value"]
    if new is None or old is None:
        return (0.0, 0.0) if new is old else (0.0, float("inf"))
    smallest = max(10.0 ** -info["decimals"], info.get("step", 0.0))
    tolerance = 2.0 * smallest + RELATIVE * max(abs(new), abs(old))
    return abs(new - old), abs(new - old) / tolerance
