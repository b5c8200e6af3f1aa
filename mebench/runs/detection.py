"""The folds of a protocol as detectors see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mebench import registry
from mebench.detectors.contract import ACTION_UNITS, Detector
from mebench.detectors.difference import digits
from mebench.detectors.evaluate import evaluate
from mebench.detectors.kept import KeptLogits
from mebench.detectors.observation import Observation
from mebench.detectors.settings import Settings
from mebench.detectors.store import stored_observation
from mebench.detectors.table import record
from mebench.detectors.trial import Trial
from mebench.errors import ConfigError
from mebench.motion.flow import DisFine
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


FLOORS = ("always-present", "static-gate")
"""Part of every table."""

FIRST_SEED = 45
"""Seeds count from here, as the MEB library's do."""


def make_detector(name: str) -> Detector:
    """The registered detector called ``name``, not trained."""
    made: Detector = registry.load("detectors", name)()
    return made


def evaluate_detectors(
    names: Sequence[str],
    protocol: str | Path,
    trials: Sequence[Trial],
    *,
    seeds: int,
    settings: Settings,
    calibrated: bool = False,
    keep: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
    done: Callable[[list[dict[str, Any]]], None] = lambda records: None,
) -> list[dict[str, Any]]:
    """One record for each detector (:func:`mebench.detectors.table.record`), the floors first.

    seeds: how many; one for a detector with ``draws_nothing = True``, to which the seed of ``fit`` means nothing.
    keep: a folder of finished folds; the same call goes on where it was interrupted. done: called with all records after
    every detector.
    """
    data = {name: dataset.fingerprint() for name, dataset in load_datasets(load_protocol(protocol)).items()}
    records: list[dict[str, Any]] = []
    for name in [*(floor for floor in FLOORS if floor not in names), *names]:
        training = settings.training(make_detector(name))
        about = {"data": data, "flow": DisFine.name, "training": training, "calibrated": calibrated}
        count = 1 if getattr(make_detector(name), "draws_nothing", False) else seeds
        result = evaluate(
            lambda name=name: settings.applied(make_detector(name)),  # type: ignore[misc]
            trials,
            range(FIRST_SEED, FIRST_SEED + count),
            calibrated=calibrated,
            say=say,
            kept=KeptLogits(keep, name, about) if keep is not None else None,
        )
        records.append({**record(result, training), "decided": [digits(run.logits > 0) for run in result.runs]})
        done(records)
    return records
