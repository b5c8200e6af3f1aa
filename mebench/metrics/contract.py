"""What a metric answers: one frozen record of facts and one pure function from a sample to a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from mebench.metrics.sample import Sample

Family = Literal["realism", "identity", "motion", "micro_au", "truth", "cost", "legacy"]
"""What a number speaks about. ``legacy``: printed by papers, kept for comparison, blind or misleading at the amplitude
of a micro-expression, and never ranked."""


@dataclass(frozen=True)
class MetricFacts:
    """Everything that a reader must know to read the number.

    direction: ``higher`` or ``lower`` is better, or ``target`` (best at ``ceiling``).
    ceiling: the value of a perfect output. floor: what the still source is expected to score, or None when it depends
    on the clip. worst: what a failed clip scores. networks: names of the weight files that it needs.
    summary: one sentence. source: paper and equation. per: whether there is a number for each clip, or one for a set.
    ranked: whether a ranking may use it. traps: what it is known to be blind to, or misled by, one sentence each.
    step: by how much last bits of the pixels may move the value, in the unit, where a share of it is too little: the grid
    on which a maximum is looked for, or a face box that moves by a pixel.
    """

    name: str
    version: int
    family: Family
    unit: str
    direction: Literal["higher", "lower", "target"]
    ceiling: float
    floor: float | None
    worst: float
    networks: tuple[str, ...]
    summary: str
    source: str
    decimals: int = 3
    per: Literal["clip", "set"] = "clip"
    ranked: bool = True
    traps: tuple[str, ...] = ()
    step: float = 0.0


@runtime_checkable
class Metric(Protocol):
    """A number for one clip."""

    facts: MetricFacts

    def score(self, sample: Sample) -> float:
        """A finite number; :class:`~mebench.errors.Unavailable` when there is none, its message being the reason."""
        ...
