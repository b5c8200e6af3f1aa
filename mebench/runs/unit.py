"""One task, done: for each run that wants it, the clip is generated unless it is stored, and scored where it is not.

Several runs share a task (the method, its floor and its ceiling), so that the pictures, the true answer and its flow
are prepared once.
"""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from mebench.clip import Pixels
from mebench.errors import CheckpointError, MebenchError, MissingWeights, StorageError
from mebench.methods.contract import Method, Oracle
from mebench.metrics.contract import Metric
from mebench.metrics.set_metric import SetMetric
from mebench.protocol import Task
from mebench.runs.clock import Clock
from mebench.runs.complexity import Complexity, called_networks, complexity
from mebench.runs.curves import calibration, curves
from mebench.runs.generation import Output, generate
from mebench.runs.inputs import TaskInputs
from mebench.runs.provenance import peak_memory_mb
from mebench.runs.schema import SCHEMA_VERSION, CostRecord, TaskInfo, TaskRecord
from mebench.runs.scoring import outdated, score
from mebench.runs.store import RunStore

_LIBRARIES = frozenset({"torch", "torchvision", "numpy", "scipy", "cv2", "skimage", "numba", "av"})
_PACKAGE = Path(__file__).resolve().parents[1]

_STOPS_THE_RUN = (StorageError, MissingWeights, CheckpointError)
"""Errors that say nothing of the clip and would hit every one."""


@dataclass
class Target:
    """One run that tasks are done for. keep_clips: whether outputs are stored (bounds are cheap to make again).
    redo_failed: whether failed tasks are tried again."""

    store: RunStore
    method: Method | Oracle
    seed: int
    keep_clips: bool = True
    redo_failed: bool = False
    complexity: Complexity | None = None
    """Of the method, once a clip is generated."""


@dataclass
class Done:
    """What was done of one task for one run. status: ``ok`` or ``failed``."""

    status: str
    generated: bool = False
    scored: bool = False
    notes: list[str] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def finish(target: Target, inputs: TaskInputs, metrics: Mapping[str, Metric | SetMetric]) -> Done:
    """Bring the task of ``inputs`` up to date in the store of ``target``."""
    done = Done("ok")
    record = _usable(
        target.store, inputs.task, done.notes, keep_clips=target.keep_clips, redo_failed=target.redo_failed
    )
    frames: Pixels | None = None
    preparing = Clock()
    if record is None or outdated(record["scores"], metrics):
        preparing = inputs.prepare()  # data that cannot be read stops the run; no method failed there
    if record is None:
        record, output = _generate(target, inputs, preparing)
        frames = output.frames if output else None
        done.generated = True
    done.status = record["status"]
    names = outdated(record["scores"], metrics)
    if done.status == "ok" and names:
        with Clock() as clock:
            _score(target, inputs, record, frames, metrics, names)
        _add_cost(target, inputs, clock.record("score"))
        done.scored = True
        reasons = {name: record["scores"][name]["reason"] or "" for name in names}
        done.notes += [
            f"{name} on {inputs.task.key}: {r}" for name, r in reasons.items() if r.startswith("the metric failed")
        ]
    return done


def up_to_date(store: RunStore, task: Task, versions: dict[str, int], *, keep_clips: bool, redo_failed: bool) -> bool:
    """Whether :func:`finish` would find nothing to do. versions: of the metrics, by name. Decodes nothing."""
    record = _usable(store, task, [], keep_clips=keep_clips, redo_failed=redo_failed)
    if record is None or record["status"] == "failed":
        return record is not None
    scores = record["scores"]
    return all(name in scores and scores[name]["version"] == version for name, version in versions.items())


def failed_row(task: TaskInfo, error: str) -> TaskRecord:
    """The record of a task without a clip."""
    return {**_empty_row(task), "status": "failed", "error": error}


def _usable(store: RunStore, task: Task, notes: list[str], *, keep_clips: bool, redo_failed: bool) -> TaskRecord | None:
    """The record that can be built upon, or None when the clip must be generated."""
    record = store.row(task.key)
    if record is None or record["task"]["hash"] != task.hash:
        return None
    if record["status"] == "failed":
        return None if redo_failed else record
    stored = record.get("features")
    if stored and not store.vectors_are_whole(task.key, stored):
        record["features"] = None
        record["scores"] = {name: s for name, s in record["scores"].items() if s["value"] is not None or s["reason"]}
    if not keep_clips:
        return record
    if record["clip"] is None or not store.is_whole(record["clip"]):
        notes.append(f"the stored clip of {task.key} was missing or damaged; it was generated again.")
        return None
    return record


def _generate(target: Target, inputs: TaskInputs, preparing: Clock) -> tuple[TaskRecord, Output | None]:
    """Generate, store the clip, and write the row: from then on the clip is not generated again."""
    record = _empty_row(cast(TaskInfo, inputs.task.record()))
    output: Output | None = None
    try:
        with called_networks() as networks:
            output = generate(target.method, inputs, target.seed)
    except _STOPS_THE_RUN:
        raise
    except Exception as error:  # whatever a method raises, the run goes on, with a row that says so
        record = failed_row(record["task"], _sentence(error))
    else:
        record["info"] = output.info
        if target.keep_clips:
            record["clip"] = target.store.write_clip(inputs.task, output.frames, output.native)
        times = {"prepare": preparing, "generate": output.time, "reused": output.reused}
        _add_cost(
            target, inputs, {key: value for name, time in times.items() for key, value in time.record(name).items()}
        )
        if target.complexity is None:
            target.complexity = complexity(target.method, networks, inputs.source(), inputs.driving())
        _add_cost(target, inputs, target.complexity.record())
    target.store.write_row(record)
    return record, output


def _score(
    target: Target,
    inputs: TaskInputs,
    record: TaskRecord,
    frames: Pixels | None,
    metrics: Mapping[str, Metric | SetMetric],
    names: list[str],
) -> None:
    """Compute the metrics ``names`` and the curves, and write the row. Numbers of other metrics stay as they are."""
    if frames is None:
        clip = record["clip"]
        frames = target.store.read_clip(clip) if clip else generate(target.method, inputs, target.seed).frames
    sample = inputs.sample(frames)
    found, vectors = score(sample, metrics, names)
    if vectors:
        record["features"] = target.store.write_vectors(record["task"]["key"], vectors)
    scores = {**record["scores"], **found}
    record["scores"] = {name: scores[name] for name in sorted(scores)}
    record["curves"] = curves(sample)
    record["calibration"] = calibration(sample)
    inputs.keep_flows_of(sample)
    target.store.write_row(record)


def _add_cost(target: Target, inputs: TaskInputs, measured: dict[str, Any]) -> None:
    """Write the costs of a task with those that were measured replaced."""
    key = inputs.task.key
    old: dict[str, Any] = dict(target.store.cost(key) or {})
    cost: dict[str, Any] = {
        name: old.get(name, 0.0 if "seconds" in name else None) for name in CostRecord.__annotations__
    }
    cost |= {"task": key, "frames": len(inputs.task.frames), "peak_memory_mb": peak_memory_mb(), **measured}
    target.store.write_cost(cast(CostRecord, cost))


def _empty_row(task: TaskInfo) -> TaskRecord:
    return {
        "schema_version": SCHEMA_VERSION,
        "task": task,
        "status": "ok",
        "error": None,
        "clip": None,
        "info": {},
        "scores": {},
        "curves": None,
        "calibration": None,
        "features": None,
    }


def _sentence(error: Exception) -> str:
    """One line for the row: the words of our own errors; of all others the type and the place too."""
    text = " ".join(str(error).split())
    return text if isinstance(error, MebenchError) else f"{type(error).__name__}: {text}{_place(error)}"


def _place(error: Exception) -> str:
    """Where the method's own code failed: file and line of its innermost frame that is no library's; without folders, so that
    the row is the same on every machine."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not _of_a_library(each.filename)]
    own = [each for each in frames if not Path(each.filename).is_relative_to(_PACKAGE)] or frames
    return f" (line {own[-1].lineno} of {Path(own[-1].filename).name})" if own else ""


def _of_a_library(file: str) -> bool:
    """Whether a frame is Python's or a library's that methods call; an installed plug-in is none."""
    for base in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        if Path(file).is_relative_to(base):
            return Path(file).relative_to(base).parts[0] in _LIBRARIES
    return file.startswith((sysconfig.get_path("stdlib"), "<"))
