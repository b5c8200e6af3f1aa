"""The clips of the open set from which the shipped judges learn, leave one domain out.

Rendering allows what recording does not: out of the first forty clips of each person, ten are taken so that rare action
units come as often as can be. Validation and test clips are the listed ones, with the frequencies of their domain.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Clip
from mebench.datasets.action_units import unit_numbers
from mebench.datasets.contract import Dataset
from mebench.datasets.synme.dataset import Synme
from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.observation import Observation
from mebench.detectors.store import stored_observation
from mebench.detectors.trial import Trial

POOL, CHOSEN = 40, 10
"""Clips of each train person that are looked at, and that are rendered."""

VALIDATION_CLIPS = 8
"""Clips of each validation person."""


def judge_trials() -> tuple[Trial, ...]:
    """Six trials, one for each domain left out; tested on the domain's benchmark clips."""
    dataset = Synme()
    train = [clip for domain in dataset.domains for clip in _balanced(dataset, domain)]
    validation = dataset.clips("validation", per_identity=VALIDATION_CLIPS)
    test = dataset.clips("benchmark")
    return tuple(
        Trial(
            fold=domain,
            train=_observed(dataset, (clip for clip in train if clip.domain != domain)),
            validation=_observed(dataset, (clip for clip in validation if clip.domain != domain)),
            test=_observed(dataset, (clip for clip in test if clip.domain == domain)),
        )
        for domain in dataset.domains
    )


def present(clip: Clip) -> NDArray[np.bool_]:
    """Which of the twelve action units a clip shows, bool ``[12]``."""
    found = unit_numbers(clip)
    return np.array([unit in found for unit in ACTION_UNITS])


_SHARED: dict[str, Observation] = {}


def _observed(dataset: Synme, clips: Iterable[Clip]) -> tuple[Observation, ...]:
    """One observation a clip, the same in every trial, so that its inputs are computed once."""
    return tuple(
        _SHARED.setdefault(clip.key, stored_observation(cast(Dataset, dataset), clip, present(clip))) for clip in clips
    )


def _balanced(dataset: Synme, domain: str) -> list[Clip]:
    """Greedy and deterministic: people take turns, and each turn takes the clip whose action units were taken least
    often so far."""
    people: dict[str, list[tuple[Clip, NDArray[np.bool_]]]] = {}
    for clip in dataset.clips("train", domains=(domain,), per_identity=POOL):
        people.setdefault(clip.subject, []).append((clip, present(clip)))
    counts = np.zeros(len(ACTION_UNITS))
    taken: list[Clip] = []
    for _ in range(CHOSEN):
        for clips in people.values():
            worth = [float((units / (1.0 + counts)).sum()) for _, units in clips]
            clip, units = clips.pop(int(np.argmax(worth)))
            counts += units
            taken.append(clip)
    return sorted(taken, key=lambda clip: clip.key)
