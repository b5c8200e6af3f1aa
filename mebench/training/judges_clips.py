"""The clips of the open set from which the shipped judges learn, leave one domain out.

Train clips are moved stills (:mod:`mebench.training.judges_motion`): the listed clips of each train person, and of the
next ones those that show rare action units. Validation and test clips are the listed ones, rendered and measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Clip
from mebench.datasets.action_units import unit_numbers
from mebench.datasets.contract import Dataset
from mebench.datasets.synme.dataset import CLIPS_PER_IDENTITY, Synme
from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.observation import Observation
from mebench.detectors.store import stored_observation
from mebench.detectors.trial import Trial
from mebench.training.judges_motion import moved_observations

POOL, ADDED = 40, 8
"""Clips of each train person that are looked at, and how many are added to the listed ones."""


def judge_trials(say: Callable[[str], None] = lambda text: None) -> tuple[Trial, ...]:
    """Six trials, one for each domain left out; tested on the domain's benchmark clips."""
    dataset = Synme()
    chosen = [(clip, present(clip)) for domain in dataset.domains for clip in _balanced(dataset, domain)]
    train = moved_observations(chosen, dataset.fingerprint(), say)
    validation = _observed(dataset, dataset.clips("validation"))
    test = _observed(dataset, dataset.clips("benchmark"))
    return tuple(
        Trial(
            fold=domain,
            train=tuple(clip for clip in train if clip.domain != domain),
            validation=tuple(clip for clip in validation if clip.domain != domain),
            test=tuple(clip for clip in test if clip.domain == domain),
        )
        for domain in dataset.domains
    )


def present(clip: Clip) -> NDArray[np.bool_]:
    """Which of the twelve action units a clip shows, bool ``[12]``."""
    found = unit_numbers(clip)
    return np.array([unit in found for unit in ACTION_UNITS])


def _observed(dataset: Synme, clips: Iterable[Clip]) -> list[Observation]:
    return [stored_observation(cast(Dataset, dataset), clip, present(clip)) for clip in clips]


def _balanced(dataset: Synme, domain: str) -> list[Clip]:
    """The listed train clips of a domain, then greedily and deterministically more: people take turns, and each turn
    adds the clip whose action units were taken least often so far."""
    people: dict[str, list[tuple[Clip, NDArray[np.bool_]]]] = {}
    for clip in dataset.clips("train", domains=(domain,), per_identity=POOL):
        people.setdefault(clip.subject, []).append((clip, present(clip)))
    taken = [entry for clips in people.values() for entry in clips[:CLIPS_PER_IDENTITY]]
    counts: NDArray[np.float64] = np.sum([units for _, units in taken], axis=0, dtype=np.float64)
    for _ in range(ADDED):
        for clips in people.values():
            rest = clips[CLIPS_PER_IDENTITY:]
            worth = [float((units / (1.0 + counts)).sum()) for _, units in rest]
            entry = clips.pop(CLIPS_PER_IDENTITY + int(np.argmax(worth)))
            counts = counts + entry[1].astype(np.float64)
            taken.append(entry)
    return sorted((clip for clip, _ in taken), key=lambda clip: clip.key)
