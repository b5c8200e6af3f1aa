"""Writes a task: what is delivered of the driving clip, where the source comes from, and the names of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mebench.clip import Clip, Portrait
from mebench.datasets.contract import Dataset
from mebench.errors import ConfigError
from mebench.protocol.delivery import deliver
from mebench.protocol.task import Kind, Task, named

if TYPE_CHECKING:
    from mebench.protocol.model import Protocol


@dataclass(frozen=True)
class TaskMaker:
    """Makes the tasks of one protocol."""

    protocol: Protocol
    datasets: Mapping[str, Dataset]

    def __call__(self, kind: Kind, clip: Clip, portrait: Portrait | None, gain: float | None = None) -> Task:
        """The task in which ``clip`` drives ``portrait``, or its own onset frame when there is none; gain: of its action
        units in the true answer."""
        self._check_shape(clip)
        plan = deliver(clip, self.protocol.max_fps, self.protocol.common_fps)
        elsewhere = portrait is not None and portrait.dataset != clip.dataset
        task = Task(
            key="",
            kind=kind,
            dataset=clip.dataset,
            source=portrait.key if portrait else f"onset:{clip.key}",
            driving=clip.key,
            source_subject=portrait.subject if portrait else clip.subject,
            driving_subject=clip.subject,
            source_domain=portrait.domain if portrait else clip.domain,
            driving_domain=clip.domain,
            fold=clip.domain,
            fps=plan.fps,
            frames=plan.frames,
            onset=plan.onset,
            apex=plan.apex,
            offset=plan.offset,
            action_units=tuple(clip.action_units),
            size=self.protocol.size,
            hash="",
            source_dataset=portrait.dataset if portrait and elsewhere else None,
            gain=gain,
        )
        names = [clip.dataset, *([portrait.dataset] if portrait and elsewhere else [])]
        fingerprints = [self.datasets[name].fingerprint() for name in names]
        return named(task, *fingerprints, several=len(self.protocol.datasets) > 1)

    def _check_shape(self, clip: Clip) -> None:
        if self.protocol.preparation is None and clip.frames.width != clip.frames.height:
            raise ConfigError(
                f"the clips of '{clip.dataset}' are {clip.frames.width} x {clip.frames.height} pixels, and scores need "
                f"square faces; write 'preparation: {{crop: eyes, align: onset}}' into the protocol."
            )
