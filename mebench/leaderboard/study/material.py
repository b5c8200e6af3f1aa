"""The clips of a study, through the one door: what a licence forbids is in none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mebench.clip import Pixels
from mebench.datasets.contract import Dataset
from mebench.datasets.publication import Released, copy_refusal, refusal, release
from mebench.errors import ConfigError, InputError
from mebench.protocol import Task, load_protocol
from mebench.runs.badness import badness
from mebench.runs.inputs import TaskInputs, at_size
from mebench.runs.page.licence import parties, recorded_terms
from mebench.runs.page.records import Records, read_records
from mebench.runs.plan import load_datasets
from mebench.runs.schema import TaskRecord
from mebench.runs.store import RunStore


@dataclass(frozen=True)
class Shown:
    """One task as people see it. frames: uint8 ``[T,S,S,3]``. outputs: by method."""

    task: Task
    driving: Released
    outputs: dict[str, Released]


@dataclass
class Material:
    """Runs of one protocol. methods: their names, in the order given. tasks: those that may be shown, with an output of every
    method. left_out: sentences about the others."""

    records: dict[str, Records]
    datasets: dict[str, Dataset]
    tasks: list[str]
    left_out: list[str] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return list(self.records)

    def shown(self, key: str) -> Shown:
        """The clips of a task, released. :class:`InputError` when an output copies frames that may not be shown."""
        rows = {name: _row(records, key) for name, records in self.records.items()}
        task = Task.from_record(dict(next(iter(rows.values()))["task"]))
        inputs = TaskInputs(task, self.datasets[task.dataset], self.datasets[task.from_dataset])
        seen = [party for records in self.records.values() for party in self._parties(records, task)]
        driving = at_size(inputs.driving_frames, task.size)
        source = at_size(inputs.source_image[None], task.size)[0]
        outputs = {}
        for name, row in rows.items():
            clip = row["clip"]
            assert clip is not None  # tasks are chosen so
            frames = RunStore(self.records[name].folder).read_clip(clip)
            outputs[name] = _through(frames, copy_refusal(seen, frames, [driving, source]), key)
        return Shown(task, _through(driving, refusal(seen, "recorded"), key), outputs)

    def badness(self, metric: str) -> dict[str, dict[str, float]]:
        """By task and method; small is good."""
        found: dict[str, dict[str, float]] = {}
        for name, records in self.records.items():
            info = records.run["metrics"][metric]
            for key in self.tasks:
                score = _row(records, key)["scores"].get(metric)
                if score is not None and score["value"] is not None:
                    found.setdefault(key, {})[name] = badness(info, score["value"])
        return found

    def _parties(self, records: Records, task: Task) -> list:  # type: ignore[type-arg]
        return list(parties(task, records.run["datasets"], lambda name: self.datasets[name]))


def read_material(runs: Sequence[Path | str]) -> Material:
    """The runs in these folders. :class:`ConfigError` unless they are finished runs of two or more methods on one protocol,
    and :class:`InputError` when the licences of their data allow no clip of them to be shown."""
    found: dict[str, Records] = {}
    for run in runs:
        records = read_records(Path(run))
        name = records.run["method"]["name"]
        if records.run["method"]["backbone"]:
            name += f" on {records.run['method']['backbone']}"
        if name in found:
            raise ConfigError(f"{run} and {found[name].folder} are both runs of {name}; give one of them.")
        found[name] = records
    if len(found) < 2:
        raise ConfigError("people choose between methods: give the folders of two runs or more.")
    if len({records.run["protocol"]["hash"] for records in found.values()}) > 1:
        raise ConfigError("the runs are of different protocols or versions; people compare outputs of the same tasks.")
    first = next(iter(found.values()))
    _refuse_gated(found)
    material = Material(found, load_datasets(load_protocol(first.run["protocol"]["name"])), [])
    for row in first.tasks:
        _sort_in(material, row)
    if not material.tasks:
        raise InputError(f"no clip can be shown: {material.left_out[0] if material.left_out else 'the runs have none'}")
    return material


def _refuse_gated(found: dict[str, Records]) -> None:
    """Before anything is decoded: data of which nothing may be shown."""
    for records in found.values():
        for name, info in records.run["datasets"].items():
            terms = recorded_terms(info)
            if not (terms.may_show_frames and terms.may_show_generated) and not terms.publishable_subjects:
                raise InputError(
                    f"a study shows frames, and the licence of '{name}' ({terms.licence}) allows none to be shown; run the "
                    "methods on an open protocol."
                )


def _sort_in(material: Material, row: TaskRecord) -> None:
    key = row["task"]["key"]
    task = Task.from_record(dict(row["task"]))
    missing = [
        name for name, records in material.records.items() if (r := _find(records, key)) is None or not r["clip"]
    ]
    seen = [party for records in material.records.values() for party in material._parties(records, task)]
    reason = refusal(seen, "recorded") or refusal(seen, "generated")
    if missing:
        material.left_out.append(f"{key}: {missing[0]} has no output.")
    elif reason:
        material.left_out.append(f"{key}: {reason}")
    else:
        material.tasks.append(key)


def _through(frames: Pixels, reason: str | None, key: str) -> Released:
    released = release(frames, reason)
    if not isinstance(released, Released):
        raise InputError(f"{key}: {released.note}")
    return released


def _find(records: Records, key: str) -> TaskRecord | None:
    return next((row for row in records.tasks if row["task"]["key"] == key), None)


def _row(records: Records, key: str) -> TaskRecord:
    row = _find(records, key)
    assert row is not None  # keys come from the records
    return row
