"""Leave one domain (or dataset) out: which clips judges are trained on and which they are tested on.

The composite of public micro-expression databases with action units holds one database out at a time (Varanka et al.,
"Data Leakage and Evaluation Issues in Micro-Expression Analysis", IEEE TAFFC 2023, arXiv 2211.11425). On the open set
the six domains stand for databases, and test clips come from people that no training clip shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Clip
from mebench.datasets.action_units import unit_numbers
from mebench.datasets.contract import Dataset, Split, cohort
from mebench.errors import ConfigError
from mebench.protocol.choice import by_place, present

if TYPE_CHECKING:
    from mebench.protocol.model import Folds, Protocol


@dataclass(frozen=True)
class Fold:
    """name: the domain or dataset that is held out. train, validation: clips of all the others; validation is empty
    where the data have no such split. test: clips of the held-out one. units: the columns of the labels."""

    name: str
    train: tuple[Clip, ...]
    validation: tuple[Clip, ...]
    test: tuple[Clip, ...]
    units: tuple[int, ...]
    counting: str

    def labels(self, clips: Sequence[Clip]) -> NDArray[np.bool_]:
        """bool ``[N, len(units)]``: whether each unit is coded in each clip, on any side."""
        table = [[unit in unit_numbers(clip, self.counting) for unit in self.units] for clip in clips]
        return np.array(table, dtype=np.bool_).reshape(len(clips), len(self.units))


def make_folds(protocol: Protocol, datasets: Mapping[str, Dataset]) -> list[Fold]:
    """The folds of ``protocol``, sorted by what they hold out.

    Raises :class:`ConfigError` when the protocol has no ``folds``, when fewer than two domains or datasets are there,
    or when a subject would be trained and tested on.
    """
    wanted = protocol.folds
    if wanted is None:
        raise ConfigError(f"the protocol '{protocol.name}' has no 'folds': no judge is trained by it.")
    parts = {split: _clips(protocol, datasets, split) for split in {*wanted.train, *wanted.validation, *wanted.test}}
    places = by_place([clip for split in wanted.test for clip in parts[split]], wanted.by)
    if len(places) < 2:
        raise ConfigError(
            f"the protocol '{protocol.name}' leaves one {wanted.by} out and finds {len(places)}; two are needed."
        )
    folds = [_fold(wanted, parts, place, tuple(test)) for place, test in places.items()]
    for fold in folds:
        _refuse_shared_subjects(protocol, fold, datasets)
    return folds


def _clips(protocol: Protocol, datasets: Mapping[str, Dataset], split: Split) -> list[Clip]:
    clips = [clip for name in present(protocol, datasets) for clip in datasets[name].clips(split)]
    return [clip for clip in clips if protocol.domains is None or clip.domain in protocol.domains]


def _fold(wanted: Folds, parts: Mapping[Split, list[Clip]], place: str, test: tuple[Clip, ...]) -> Fold:
    def others(splits: Sequence[Split]) -> tuple[Clip, ...]:
        found = by_place([clip for split in splits for clip in parts[split]], wanted.by)
        return tuple(clip for name, clips in found.items() if name != place for clip in clips)

    return Fold(place, others(wanted.train), others(wanted.validation), test, tuple(wanted.units), wanted.counting)


def _refuse_shared_subjects(protocol: Protocol, fold: Fold, datasets: Mapping[str, Dataset]) -> None:
    def people(clips: Sequence[Clip]) -> set[tuple[str, str]]:
        return {(cohort(datasets[clip.dataset]), clip.subject) for clip in clips}

    shared = sorted(people(fold.test) & people((*fold.train, *fold.validation)))
    if shared:
        raise ConfigError(
            f"the protocol '{protocol.name}' trains and tests on the subject '{shared[0][1]}' of '{shared[0][0]}' "
            f"in the fold '{fold.name}'."
        )
