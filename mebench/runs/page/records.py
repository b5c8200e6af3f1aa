"""The records of a run folder, read for the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from mebench.runs.schema import BoundsRecord, CostRecord, RunRecord, SummaryRecord, TaskRecord
from mebench.runs.store import RunStore, read_record


@dataclass(frozen=True)
class Records:
    """Everything written in a run folder but the pictures. tasks: self-reenactment first, by key; costs: by task key."""

    folder: Path
    run: RunRecord
    summary: SummaryRecord
    tasks: list[TaskRecord]
    costs: dict[str, CostRecord]

    def bounds(self) -> BoundsRecord:
        """What floor and ceiling score on the tasks; :class:`~mebench.errors.InputError` when it cannot be read."""
        return cast(BoundsRecord, read_record(self.folder / "bounds.json"))


def read_records(folder: Path) -> Records:
    """:class:`~mebench.errors.InputError` when the folder is no run, one of another schema, or holds a damaged row."""
    run = cast(RunRecord, read_record(folder / "run.json"))
    summary = cast(SummaryRecord, read_record(folder / "summary.json"))
    store = RunStore(folder)
    tasks = [store.whole_row(key) for key in store.finished()]
    tasks.sort(key=lambda row: row["task"]["kind"] != "self")  # self-reenactment first, as everywhere on the page
    keys = [row["task"]["key"] for row in tasks]
    return Records(folder, run, summary, tasks, {key: cost for key in keys if (cost := store.cost(key))})
