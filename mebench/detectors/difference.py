"""How far two evaluations on the same clips differ, and how much of it other people could undo.

The interval is a paired bootstrap: people are drawn with replacement within each fold, all clips of a person together, the
same ones for both sides; 95 % of the differences lie inside. It says nothing of other seeds of a training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.contract import ACTION_UNITS, labels
from mebench.detectors.evaluate import Evaluation
from mebench.detectors.scores import by_fold
from mebench.detectors.trial import Trial
from mebench.errors import InputError

Flags = NDArray[np.bool_]
Values = NDArray[np.float64]

DRAWS = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Decided:
    """What was decided of test clips. people, folds: of each clip. present: bool ``[N,K]``. seeds: bool ``[N,K]`` each."""

    people: tuple[str, ...]
    folds: tuple[str, ...]
    present: Flags
    seeds: tuple[Flags, ...]


@dataclass(frozen=True)
class Difference:
    """One score of both sides, second minus first, and its interval."""

    first: float
    second: float
    difference: float
    low: float
    high: float


def decided(evaluation: Evaluation, trials: Sequence[Trial]) -> Decided:
    """What a detector decided of the test clips of ``trials``."""
    people = tuple(f"{clip.dataset}/{clip.subject}" for trial in trials for clip in trial.test)
    first = evaluation.runs[0]
    return Decided(people, first.folds, first.present, tuple(run.logits > 0 for run in evaluation.runs))


def differences(first: Decided, second: Decided) -> dict[str, Difference]:
    """By score (see :func:`scores`), means over seeds. Raises :class:`InputError` for evaluations of other clips."""
    if (first.people, first.folds) != (second.people, second.folds) or not np.array_equal(
        first.present, second.present
    ):
        raise InputError("these evaluations were made on different clips or labels and cannot be compared.")
    whole = np.ones((1, len(first.people)))
    weights = np.concatenate((whole, _draws(first)))
    one, other = (_mean_scores(side, weights) for side in (first, second))
    found = {}
    for name in one:
        change = other[name] - one[name]
        low, high = np.quantile(change[1:], ((1.0 - CONFIDENCE) / 2.0, (1.0 + CONFIDENCE) / 2.0))
        found[name] = Difference(*(float(value) for value in (one[name][0], other[name][0], change[0], low, high)))
    return found


def scores(present: Flags, said: Flags, weights: Values) -> dict[str, Values]:
    """``f1_pooled``, ``uf1``, ``uar`` for each row of the clips' weights ``[D,N]``, float64 ``[D]``.

    f1_pooled: mean over action units of the F1 of the positive class (0 if undefined). uf1, uar: mean over action units of
    F1 and of recall over the classes present and absent that occur (for F1 in labels or decisions, for recall in labels).
    """
    hits, real, claimed = (weights @ flags.astype(np.float64) for flags in (present & said, present, said))
    total = weights.sum(axis=1, keepdims=True)
    rejections, unreal, unclaimed = total - real - claimed + hits, total - real, total - claimed
    positive, negative = _ratio(2.0 * hits, real + claimed), _ratio(2.0 * rejections, unreal + unclaimed)
    both = np.stack((positive, negative)), np.stack((real + claimed, unreal + unclaimed)) > 0
    recall = np.stack((_ratio(hits, real), _ratio(rejections, unreal))), np.stack((real, unreal)) > 0
    return {
        "f1_pooled": positive.mean(axis=1),
        "uf1": _over_classes(*both).mean(axis=1),
        "uar": _over_classes(*recall).mean(axis=1),
    }


def _mean_scores(side: Decided, weights: Values) -> dict[str, Values]:
    each = [scores(side.present, said, weights) for said in side.seeds]
    return {name: np.mean([found[name] for found in each], axis=0) for name in each[0]}


def _draws(side: Decided) -> Values:
    """How often each clip counts, float64 ``[DRAWS,N]``."""
    rng = np.random.default_rng(0)
    weights = np.zeros((DRAWS, len(side.people)))
    for rows in by_fold(side.folds).values():
        names, place = np.unique(np.asarray(side.people)[rows], return_inverse=True)
        counts = rng.multinomial(len(names), np.full(len(names), 1.0 / len(names)), size=DRAWS)
        weights[:, rows] = counts[:, place]
    return weights


def _ratio(above: Values, below: Values) -> Values:
    return np.asarray(above / np.where(below > 0, below, 1.0))


def _over_classes(values: Values, occur: Flags) -> Values:
    return np.asarray((values * occur).sum(axis=0) / np.maximum(occur.sum(axis=0), 1))


def record_of_tests(trials: Sequence[Trial]) -> dict[str, Any]:
    """The test clips as JSON values: people and folds of each, labels as :func:`digits`."""
    clips = [clip for trial in trials for clip in trial.test]
    return {
        "people": [f"{clip.dataset}/{clip.subject}" for clip in clips],
        "folds": [trial.fold for trial in trials for _ in trial.test],
        "present": digits(labels(clips)),
    }


def read_decided(stored: Mapping[str, Any], detector: str) -> Decided:
    """What a file of ``mebench au eval --out`` says of a detector."""
    found = [entry for entry in stored.get("detectors", ()) if entry.get("detector") == detector]
    if len(found) != 1:
        raise InputError(f"this evaluation has {len(found)} rows of '{detector}', not one.")
    try:
        test, seeds = stored["test"], found[0]["decided"]
        flags = tuple(_flags(text) for text in (test["present"], *seeds))
        return Decided(tuple(test["people"]), tuple(test["folds"]), flags[0], flags[1:])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"this evaluation holds no readable decisions; make it again: {error!r}.") from error


def digits(flags: Flags) -> str:
    """bool ``[N,12]`` as three hexadecimal digits a clip, the first action unit being the highest bit."""
    return "".join(f"{int(''.join('1' if flag else '0' for flag in row), 2):03x}" for row in flags)


def _flags(text: str) -> Flags:
    rows = [f"{int(text[at : at + 3], 16):0{len(ACTION_UNITS)}b}" for at in range(0, len(text), 3)]
    return np.array([[flag == "1" for flag in row] for row in rows], dtype=np.bool_)
