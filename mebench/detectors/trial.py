"""One fold of leave-one-out: clips to learn from, to choose on and to be tested on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mebench.detectors.contract import labels
from mebench.detectors.observation import Observation


@dataclass(frozen=True, eq=False)
class Trial:
    """fold: what is left out. train, validation: labelled clips of the other folds, of different people; validation may
    be empty. test: clips of this fold, of people in neither."""

    fold: str
    train: tuple[Observation, ...]
    validation: tuple[Observation, ...]
    test: tuple[Observation, ...]


def every_clip(trials: Iterable[Trial]) -> tuple[Observation, ...]:
    """Every clip of the trials once, in the order of first appearance."""
    found: dict[tuple[str, str], Observation] = {}
    for trial in trials:
        for clip in (*trial.train, *trial.validation, *trial.test):
            found.setdefault((clip.dataset, clip.key), clip)
    return tuple(found.values())


def oddities(trials: Iterable[Trial]) -> tuple[str, ...]:
    """What a reader must know of the test clips, counted, one line each."""
    lines = []
    for trial in trials:
        counts = {
            "show none of the twelve action units": int((~labels(trial.test).any(axis=1)).sum()),
            "have their apex at the onset, so that their flow is zero": sum(c.apex == c.onset for c in trial.test),
        }
        lines += [
            f"fold {trial.fold}: {count} of {len(trial.test)} clips {what}" for what, count in counts.items() if count
        ]
    return tuple(lines)
