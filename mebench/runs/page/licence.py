"""Which pictures of a task a page may show: a run folder travels, and some datasets forbid that their frames do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mebench.datasets.contract import Dataset, Terms
from mebench.datasets.publication import Party
from mebench.protocol import Task
from mebench.runs.schema import DatasetInfo


def recorded_terms(info: DatasetInfo | None) -> Terms:
    """The terms as the run recorded them; nothing is allowed when it recorded none."""
    if info is None:
        return Terms("")
    return Terms(
        info["licence"],
        may_show_frames=info["may_show_frames"],
        may_show_generated=info["may_show_generated"],
        publishable_subjects=frozenset(info.get("publishable_subjects", [])),
        may_show_motion=info.get("may_show_motion", True),
    )


def parties(task: Task, infos: Mapping[str, DatasetInfo], dataset: Callable[[str], Dataset]) -> tuple[Party, Party]:
    """Who is seen in the pictures of ``task``: the source's identity and the driver. What the run recorded and what the
    dataset says today must both allow a picture."""

    def party(name: str, subject: str) -> Party:
        return Party(recorded_terms(infos.get(name)).meet(dataset(name).terms), subject)

    return party(task.from_dataset, task.source_subject), party(task.dataset, task.driving_subject)
