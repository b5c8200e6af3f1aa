"""Leave one fold out: train on the others, predict the one left out, score all folds together."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.contract import Detector, labels
from mebench.detectors.kept import KeptLogits
from mebench.detectors.observation import Observation
from mebench.detectors.scores import Summary, summarise
from mebench.detectors.trial import Trial

Logits = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a detector said of the test clips of all folds, each by the model that never saw its fold.

    keys, folds: of each clip. present: bool ``[N,12]``. logits: float32 ``[N,12]``, present above 0.
    """

    keys: tuple[str, ...]
    folds: tuple[str, ...]
    present: NDArray[np.bool_]
    logits: Logits

    @property
    def summary(self) -> Summary:
        """Every score by its definition."""
        return summarise(self.present, self.logits, self.folds)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One detector on one protocol. runs: one for each seed. seconds: of training and prediction, all seeds."""

    detector: str
    seeds: tuple[int, ...]
    runs: tuple[Predictions, ...]
    seconds: float

    def values(self, score: str) -> NDArray[np.float64]:
        """The score called so (see :data:`mebench.detectors.scores.DEFINITIONS`) of each seed, float64 ``[S]``."""
        return np.array([getattr(run.summary, score) for run in self.runs])


def evaluate(
    make: Callable[[], Detector],
    trials: Sequence[Trial],
    seeds: Sequence[int],
    *,
    calibrated: bool = False,
    say: Callable[[str], None] = lambda text: None,
    kept: KeptLogits | None = None,
) -> Evaluation:
    """Train and test on every trial with every seed.

    The test clips are seen once, after training: nothing is stopped or chosen by them. calibrated: thresholds are chosen
    on the validation clips of each trial, by a detector that can. kept: finished folds are read from it and written to it.
    """
    seconds = 0.0
    runs = []
    name = make().name
    for seed in seeds:
        parts = []
        for trial in trials:
            stored = kept.read(trial, seed) if kept is not None else None
            if stored is None:
                began = time.monotonic()
                logits = _tested(make(), trial, seed, calibrated)
                stored = logits, time.monotonic() - began
                if kept is not None:
                    kept.write(trial, seed, *stored)
                say(f"{name}, seed {seed}, without {trial.fold}: {stored[1]:.0f} s")
            parts.append(stored[0])
            seconds += stored[1]
        runs.append(predictions(trials, parts))
    return Evaluation(name, tuple(seeds), tuple(runs), seconds)


def _tested(detector: Detector, trial: Trial, seed: int, calibrated: bool) -> Logits:
    detector.fit(trial.train, seed=seed)
    calibrate = getattr(detector, "calibrate", None)
    if calibrated and calibrate is not None and trial.validation:
        calibrate(trial.validation)
    return logits_of(detector, trial.test)


def predictions(trials: Sequence[Trial], parts: Sequence[Logits]) -> Predictions:
    """The logits of each trial's test clips, put together."""
    clips = [clip for trial in trials for clip in trial.test]
    folds = tuple(trial.fold for trial in trials for _ in trial.test)
    return Predictions(tuple(clip.key for clip in clips), folds, labels(clips), np.concatenate(parts))


def logits_of(detector: Detector, clips: Sequence[Observation]) -> Logits:
    """Logits float32 ``[N,12]``: those of the detector where it tells them, else of its probabilities."""
    direct = getattr(detector, "logits", None)
    if direct is not None:
        return np.asarray(direct(clips), dtype=np.float32)
    probabilities = np.clip(detector.predict(clips).astype(np.float64), 1e-6, 1.0 - 1e-6)
    return np.asarray(np.log(probabilities / (1.0 - probabilities)), dtype=np.float32)
