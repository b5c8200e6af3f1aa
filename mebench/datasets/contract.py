"""What a dataset answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

from mebench.clip import Clip, Portrait, Truth

Split = Literal["train", "validation", "benchmark"]


@dataclass(frozen=True)
class Terms:
    """Who may publish which frames. The default of a gated dataset is: nothing.

    publishable_subjects: people whom the owner of the data allows to be shown, while others may not be.
    may_show_motion: whether coarse measured motion (:mod:`mebench.datasets.nobody`) may stand in the place of frames. It is a
    measurement, like scores and curves, so it may; a dataset whose owner forbids that too says so.
    text: what the licence allows, in words. access: where it is asked for.
    """

    licence: str
    may_show_frames: bool = False
    may_show_generated: bool = False
    publishable_subjects: frozenset[str] = frozenset()
    text: str = ""
    access: str = ""
    may_show_motion: bool = True

    def meet(self, other: Terms) -> Terms:
        """What both allow."""
        return replace(
            self,
            may_show_frames=self.may_show_frames and other.may_show_frames,
            may_show_generated=self.may_show_generated and other.may_show_generated,
            publishable_subjects=self.publishable_subjects & other.publishable_subjects,
            may_show_motion=self.may_show_motion and other.may_show_motion,
        )


@dataclass(frozen=True)
class CheckReport:
    """What ``check`` found: one line a finding; ``complete`` when nothing is missing.

    level: 0 clean, 1 findings beyond those that are known of the dataset, 2 unusable. details: all of it as JSON values.
    """

    complete: bool
    lines: tuple[str, ...]
    level: int = 0
    details: dict[str, Any] = field(default_factory=dict)


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


def cohort(dataset: Dataset) -> str:
    """Whom the subjects of a dataset are numbered among. Two datasets with one ``cohort``, such as the three cameras of
    SMIC, show the same people under the same names; a dataset that names none has people of its own."""
    return str(getattr(dataset, "cohort", dataset.name))


@runtime_checkable
class OpenDataset(Dataset, Protocol):
    """A dataset that can render the true answer of any pair."""

    def truth(self, source: str, driving: str, gain: float = 1.0) -> Truth:
        """The portrait ``source`` performing the motion of clip ``driving``, its action units times ``gain``."""
        ...
