"""What a dataset answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from mebench.clip import Clip, Portrait, Truth

Split = Literal["train", "validation", "benchmark"]


@dataclass(frozen=True)
class Terms:
    """Who may publish which frames. The default of a gated dataset is: nothing."""

    licence: str
    may_show_frames: bool = False
    may_show_generated: bool = False


@dataclass(frozen=True)
class CheckReport:
    """What ``check`` found: one line a finding; ``complete`` when nothing is missing."""

    complete: bool
    lines: tuple[str, ...]


@runtime_checkable
class Dataset(Protocol):
    """Where clips come from. Clips and portraits are described at once and decoded when asked for."""

    name: str
    terms: Terms
    domains: tuple[str, ...]

    def clips(self, split: Split = "benchmark") -> Sequence[Clip]:
        """The driving clips of a split, in a fixed order."""
        ...

    def portraits(self, split: Split = "benchmark") -> Sequence[Portrait]:
        """The source identities of a split, one neutral image each, in a fixed order."""
        ...

    def clip(self, key: str) -> Clip:
        """The clip called ``key``; :class:`~mebench.errors.InputError` when there is none."""
        ...

    def portrait(self, key: str) -> Portrait:
        """The portrait called ``key``. The onset frame of a clip is the portrait ``onset:<clip key>``."""
        ...

    def check(self) -> CheckReport:
        """What is there and what is missing."""
        ...

    def fingerprint(self) -> str:
        """A short hash of what defines the data (annotation, generator version), recorded in every run."""
        ...


@runtime_checkable
class OpenDataset(Dataset, Protocol):
    """A dataset that can render the true answer of any pair."""

    def truth(self, source: str, driving: str, gain: float = 1.0) -> Truth:
        """The portrait ``source`` performing the motion of clip ``driving``, its action units times ``gain``."""
        ...
