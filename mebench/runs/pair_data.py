"""One source picture and one driving clip of the user's own, as a dataset of one task."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from mebench.clip import Clip, Frames, Pixels, Portrait
from mebench.datasets.contract import CheckReport, Split, Terms
from mebench.errors import InputError
from mebench.protocol.task import Task, named

_LICENCE = "the user's own"


@dataclass(eq=False)
class PairData:
    """source: uint8 ``[S,S,3]``. driving: uint8 ``[T,S,S,3]``, both RGB and cropped alike. fps, onset, apex, offset:
    of the driving clip. A :class:`~mebench.datasets.contract.Dataset` with the portrait ``source`` and the clip
    ``driving``."""

    source: Pixels
    driving: Pixels
    fps: float
    onset: int
    apex: int
    offset: int
    name: str = "pair"
    terms: Terms = field(default_factory=lambda: Terms(_LICENCE))
    domains: tuple[str, ...] = ("own",)

    def clips(self, split: Split = "benchmark") -> tuple[Clip, ...]:
        """The one clip."""
        return (self.clip("driving"),)

    def portraits(self, split: Split = "benchmark") -> tuple[Portrait, ...]:
        """The one picture."""
        return (self.portrait("source"),)

    def clip(self, key: str) -> Clip:
        """The clip ``driving``."""
        if key != "driving":
            raise InputError(f"a pair has no clip '{key}', only 'driving'.")
        count, height, width = self.driving.shape[:3]
        frames = Frames(count, height, width, lambda: self.driving)
        times = (self.fps, self.onset, self.apex, self.offset)
        return Clip("driving", self.name, "own", "driver", *times, (), _LICENCE, frames)

    def portrait(self, key: str) -> Portrait:
        """The picture ``source``."""
        if key != "source":
            raise InputError(f"a pair has no portrait '{key}', only 'source'.")
        return Portrait("source", self.name, "own", "source", _LICENCE, lambda: self.source)

    def check(self) -> CheckReport:
        """Always complete: the pictures are in memory."""
        return CheckReport(True, ())

    def fingerprint(self) -> str:
        """Hash of the pixels."""
        digest = hashlib.sha256()
        for pixels in (self.source, self.driving):
            digest.update(np.ascontiguousarray(pixels).data)
        return digest.hexdigest()[:16]

    def task(self) -> Task:
        """The one task: every frame of the clip, at its own rate."""
        unnamed = Task(
            key="",
            kind="cross",
            dataset=self.name,
            source="source",
            driving="driving",
            source_subject="source",
            driving_subject="driver",
            source_domain="own",
            driving_domain="own",
            fold="own",
            fps=self.fps,
            frames=tuple(range(len(self.driving))),
            onset=self.onset,
            apex=self.apex,
            offset=self.offset,
            action_units=(),
            size=self.source.shape[0],
            hash="",
        )
        return named(unnamed, self.fingerprint())
