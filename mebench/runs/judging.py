"""A stored run before the judges: what no single clip has, macro-F1 and kappa of the whole set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mebench.errors import InputError, MebenchError
from mebench.metrics.micro_au.report import report
from mebench.metrics.micro_au.verdicts import Judged, judge
from mebench.protocol import Protocol, Task
from mebench.runs.inputs import TaskInputs
from mebench.runs.plan import load_datasets
from mebench.runs.store import RunStore


def judge_run(folder: Path) -> dict[str, Any]:
    """Agreement of the clips of a run folder with annotation and driving clips, beside the stored gain, as JSON values.

    Failed and unreadable clips are counted, not judged. Raises :class:`InputError` when the folder is no run, holds a
    damaged row or no clip that can be judged, and :class:`~mebench.errors.ConfigError` when a dataset of the run is not there.
    """
    store = RunStore(folder)
    record = store.run_record()
    if record is None:
        raise InputError(f"{folder} is no run folder: it has no run.json.")
    datasets = load_datasets(Protocol.model_validate(record["protocol"]["content"]))
    judged: list[Judged] = []
    gains: list[float | None] = []
    left_out = 0
    for key in store.finished():
        row = store.whole_row(key)
        if row["status"] != "ok" or row["clip"] is None:
            left_out += 1
            continue
        task = Task.from_record(dict(row["task"]))
        source = datasets[task.source_dataset] if task.source_dataset else None
        inputs = TaskInputs(task, datasets[task.dataset], source)
        try:
            judged.append(inputs.sample(store.read_clip(row["clip"])).once(judge))
        except MebenchError:
            left_out += 1
            continue
        gain = row["scores"].get("gain")
        gains.append(gain["value"] if gain else None)
    if not judged:
        raise InputError(f"{folder} holds no stored clip that can be judged ({left_out} failed or unreadable).")
    return {"run": folder.name, **report(judged, gains), "left_out": left_out}
