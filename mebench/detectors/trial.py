"""One fold of leave-one-out: clips to learn from, to choose on and to be tested on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

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
    """Every clip of the trials once: test clips, then train, then validation clips; in each part one person of every
    domain in turn, so that work which is interrupted leaves a balanced part behind."""
    trials = tuple(trials)
    found: dict[tuple[str, str], Observation] = {}
    for part in ("test", "train", "validation"):
        for clip in _in_turns(clip for trial in trials for clip in getattr(trial, part)):
            found.setdefault((clip.dataset, clip.key), clip)
    return tuple(found.values())


def _in_turns(clips: Iterable[Observation]) -> list[Observation]:
    domains: dict[tuple[str, str], dict[str, list[Observation]]] = {}
    for clip in clips:
        domains.setdefault((clip.dataset, clip.domain), {}).setdefault(clip.subject, []).append(clip)
    people = [[subjects[name] for name in sorted(subjects)] for _, subjects in sorted(domains.items())]
    return [clip for turn in zip_longest(*people, fillvalue=[]) for person in turn for clip in person]


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
