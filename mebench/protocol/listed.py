"""Clips and portraits that a protocol names one by one, as challenges do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mebench.clip import Clip, Portrait
from mebench.datasets.contract import Dataset
from mebench.errors import ConfigError

if TYPE_CHECKING:
    from mebench.protocol.model import Named


def named_clips(names: Sequence[Named], datasets: Mapping[str, Dataset]) -> list[Clip]:
    """The clips of these names, in their order. A name may leave the subject out where it is unique without."""
    return [_clip(name, _dataset(name, datasets)) for name in names]


def named_portraits(names: Sequence[Named], datasets: Mapping[str, Dataset]) -> list[Portrait]:
    """The portraits of these names, in their order; errors as of the dataset."""
    return [_dataset(name, datasets).portrait(name.key) for name in names]


def _dataset(name: Named, datasets: Mapping[str, Dataset]) -> Dataset:
    if name.dataset not in datasets:
        raise ConfigError(
            f"the protocol names '{name.key}' of the dataset '{name.dataset}', which is not there; "
            f"add it with: mebench data add {name.dataset} PATH"
        )
    return datasets[name.dataset]


def _clip(name: Named, dataset: Dataset) -> Clip:
    endings = {clip.key: clip for clip in dataset.clips() if clip.key.split("/")[-1] == name.key}
    if len(endings) > 1:
        raise ConfigError(
            f"the dataset '{name.dataset}' has {len(endings)} clips called '{name.key}' "
            f"({', '.join(sorted(endings))}); write subject and clip into the protocol."
        )
    return next(iter(endings.values())) if endings else dataset.clip(name.key)
