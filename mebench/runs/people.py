"""Who is in a task: people are told apart by dataset and subject, for two datasets number their people alike."""

from __future__ import annotations

from mebench.runs.schema import TaskInfo


def driving_person(task: TaskInfo) -> tuple[str, str]:
    """Dataset and subject of the driver."""
    return task["dataset"], task["driving_subject"]


def source_person(task: TaskInfo) -> tuple[str, str]:
    """Dataset and subject of the source identity, which may be of another dataset than the driver."""
    return task.get("source_dataset") or task["dataset"], task["source_subject"]
