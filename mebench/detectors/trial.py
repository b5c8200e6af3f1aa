"""One fold of leave-one-out: clips to learn from, to choose on and to be tested on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from mebench.detectors.contract import labels
from mebench.detectors.observation import Observation
from mebench.errors import InputError, MebenchError


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
        counts: dict[str, int] = {
            "show none of the twelve action units": int((~labels(trial.test).any(axis=1)).sum()),
            "have their apex at the onset, so that their flow is zero": sum(c.apex == c.onset for c in trial.test),
        }
        for flag in sorted({flag for clip in trial.test for flag in clip.flags}):
            counts[f"are marked '{flag}'"] = sum(flag in clip.flags for clip in trial.test)
        lines += [
            f"fold {trial.fold}: {count} of {len(trial.test)} clips {what}" for what, count in counts.items() if count
        ]
    return tuple(lines)


def usable(trials: Iterable[Trial]) -> tuple[tuple[Trial, ...], tuple[str, ...]]:
    """The trials without clips whose onset and apex frame cannot be read or measured, and what was found, in lines: each
    clip that is left out with the reason, and how many test clips of a fold are grey.

    Computes every pair that is not stored yet. Raises :class:`InputError` when a fold has no clip left to learn from or to
    be tested on.
    """
    trials = tuple(trials)
    broken: dict[tuple[str, str], str] = {}
    grey: set[tuple[str, str]] = set()
    for clip in every_clip(trials):
        try:
            frames = clip.read_pair().frames
        except MebenchError as error:
            broken[clip.dataset, clip.key] = str(error)
            continue
        if (frames == frames[..., :1]).all():
            grey.add((clip.dataset, clip.key))
    lines = [f"left out {key} of {dataset}: {reason}" for (dataset, key), reason in broken.items()]
    kept = tuple(
        Trial(
            trial.fold, _without(trial.train, broken), _without(trial.validation, broken), _without(trial.test, broken)
        )
        for trial in trials
    )
    for trial in kept:
        if not trial.train or not trial.test:
            raise InputError(f"the fold {trial.fold} has no usable clip left to learn from or to be tested on.")
        if count := sum((clip.dataset, clip.key) in grey for clip in trial.test):
            lines.append(f"fold {trial.fold}: {count} of {len(trial.test)} clips are grey")
    return kept, tuple(lines)


def validation_trials(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """The same folds with their validation clips in place of the test clips, so that a rate or a length can be chosen
    without seeing the latter. Raises :class:`InputError` for a fold without validation clips."""
    trials = tuple(trials)
    for trial in trials:
        if not trial.validation:
            raise InputError(f"the fold {trial.fold} has no validation clips.")
    return tuple(Trial(trial.fold, trial.train, (), trial.validation) for trial in trials)


def _without(clips: Iterable[Observation], broken: Mapping[tuple[str, str], str]) -> tuple[Observation, ...]:
    return tuple(clip for clip in clips if (clip.dataset, clip.key) not in broken)
