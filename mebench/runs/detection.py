"""The folds of a protocol as detectors see them."""

from __future__ import annotations

from pathlib import Path

from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.observation import Observation
from mebench.detectors.store import stored_observation
from mebench.detectors.trial import Trial
from mebench.errors import ConfigError
from mebench.protocol import Fold, load_protocol
from mebench.runs.plan import load_datasets


def read_trials(name: str | Path) -> tuple[Trial, ...]:
    """The trials of the protocol called ``name`` (or the YAML file at a path) on the datasets of this machine.

    Raises :class:`ConfigError` for a protocol without folds, with other action units than the twelve, or when fewer
    than two folds can be made from what is there.
    """
    protocol = load_protocol(name)
    datasets = load_datasets(protocol)
    shared: dict[tuple[str, str], Observation] = {}

    def observed(fold: Fold, part: str) -> tuple[Observation, ...]:
        clips = getattr(fold, part)
        rows = fold.labels(clips)
        return tuple(
            shared.setdefault((clip.dataset, clip.key), stored_observation(datasets[clip.dataset], clip, row))
            for clip, row in zip(clips, rows, strict=True)
        )

    folds = protocol.make_folds(datasets)
    if tuple(folds[0].units) != ACTION_UNITS:
        raise ConfigError(
            f"the protocol '{protocol.name}' asks for the action units {list(folds[0].units)}; detectors know "
            f"{list(ACTION_UNITS)}."
        )
    return tuple(
        Trial(fold.name, *(observed(fold, part) for part in ("train", "validation", "test"))) for fold in folds
    )
