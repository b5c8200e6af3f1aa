"""A task: one source identity to be moved by one driving clip, at a delivered frame rate."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["self", "cross"]


@dataclass(frozen=True)
class Task:
    """See :class:`mebench.runs.schema.TaskInfo` for each field; ``frames`` are indices of the recorded clip.

    dataset: of the driving clip. source_dataset: of the source, None when it is the same. gain: what the action units of
    the driving clip are multiplied by in the true answer, None when they stay.
    """

    key: str
    kind: Kind
    dataset: str
    source: str
    driving: str
    source_subject: str
    driving_subject: str
    source_domain: str
    driving_domain: str
    fold: str
    fps: float
    frames: tuple[int, ...]
    onset: int
    apex: int
    offset: int
    action_units: tuple[str, ...]
    size: int
    hash: str
    source_dataset: str | None = None
    gain: float | None = None

    @property
    def from_dataset(self) -> str:
        """The dataset of the source."""
        return self.source_dataset or self.dataset

    @property
    def source_key(self) -> str:
        """Key of the source, unique among the datasets of a protocol: two databases may have clips that are called alike."""
        return f"{self.from_dataset}:{self.source}"

    @property
    def driving_key(self) -> str:
        """Key of the driving clip, unique among the datasets of a protocol."""
        return f"{self.dataset}:{self.driving}"

    def record(self) -> dict[str, Any]:
        """The task as JSON values. A key that says nothing (``source_dataset`` of a source from the same dataset, no
        ``gain``) is left out, so that hashes of such tasks do not know of it."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in dataclasses.asdict(self).items()
            if not (key in ("source_dataset", "gain") and value is None)
        }

    @staticmethod
    def from_record(record: dict[str, Any]) -> Task:
        """The task that :meth:`record` described."""
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
        }
        return Task(**fields)


def named(task: Task, *fingerprints: str, several: bool = False) -> Task:
    """``task`` with its key (of source and driving) and its hash (of all fields and the fingerprints of its datasets:
    that of the driving clip, then that of the source where it is another).

    several: whether the protocol has several datasets, whose clips may be called alike: the key then names them.
    """
    driving, source = task.driving, task.source
    if several:
        driving, source = f"{task.dataset}.{driving}", f"{task.from_dataset}.{source}"
    parts = [driving] if task.kind == "self" else [driving, source]
    key = "--".join([task.kind, *(re.sub(r"[^A-Za-z0-9._]+", "-", part).strip("-.") for part in parts)])
    content = {name: value for name, value in task.record().items() if name not in ("key", "hash")}
    canonical = json.dumps([content, *fingerprints], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return dataclasses.replace(task, key=key, hash=hashlib.sha256(canonical.encode("utf-8")).hexdigest())
