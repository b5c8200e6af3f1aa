"""The records of a run folder, read for the page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mebench.errors import InputError
from mebench.runs.schema import SCHEMA_VERSION, CostRecord, RunRecord, SummaryRecord, TaskRecord
from mebench.runs.store import RunStore


@dataclass(frozen=True)
class Records:
    """Everything written in a run folder but the pictures. tasks: self-reenactment first, by key; costs: by task key."""

    folder: Path
    run: RunRecord
    summary: SummaryRecord
    tasks: list[TaskRecord]
    costs: dict[str, CostRecord]


def read_records(folder: Path) -> Records:
    """:class:`~mebench.errors.InputError` when the folder is no run, or one of another schema."""
    run = cast(RunRecord, _read(folder / "run.json"))
    summary = cast(SummaryRecord, _read(folder / "summary.json"))
    store = RunStore(folder)
    tasks = [cast(TaskRecord, _read(folder / store.path("tasks", key))) for key in store.finished()]
    tasks.sort(key=lambda row: row["task"]["kind"] != "self")  # self-reenactment first, as everywhere on the page
    keys = [row["task"]["key"] for row in tasks]
    return Records(folder, run, summary, tasks, {key: cost for key in keys if (cost := store.cost(key))})


def _read(path: Path) -> Any:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}; give the folder of a finished run, or start the run again."
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); start the run again to have it written anew.") from error
    if value.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {value.get('schema_version')}, this mebench reads {SCHEMA_VERSION}; "
            "start the run again with this version."
        )
    return value
