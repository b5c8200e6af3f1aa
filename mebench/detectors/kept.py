"""Predictions of finished folds on disk, so that an interrupted evaluation goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.observation import Observation
from mebench.detectors.trial import Trial
from mebench.files import write_whole


@dataclass(frozen=True)
class KeptLogits:
    """Logits of test clips by detector, seed and fold, below ``folder``.

    about: everything that decides them besides clips, seed and fold: detector, training, data. It is hashed into the
    name of a file, as are the datasets, keys and labels of all clips of the fold, so that another setting reads no old
    file.
    """

    folder: Path
    detector: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def read(self, trial: Trial, seed: int) -> tuple[NDArray[np.float32], float] | None:
        """Logits float32 ``[N,12]`` and the seconds that they took; None when the fold is not finished."""
        path = self._path(trial, seed)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return stored["logits"], float(stored["seconds"])

    def write(self, trial: Trial, seed: int, logits: NDArray[np.float32], seconds: float) -> None:
        """Keep what a detector said of the test clips of a fold."""

        def save(path: Path) -> None:
            with path.open("wb") as handle:
                np.savez(handle, logits=logits, seconds=np.array(seconds))

        write_whole(self._path(trial, seed), save)

    def _path(self, trial: Trial, seed: int) -> Path:
        clips = [[_known(clip) for clip in part] for part in (trial.train, trial.validation, trial.test)]
        decides = json.dumps([self.detector, dict(self.about), clips], sort_keys=True)
        digest = hashlib.sha256(decides.encode("utf-8")).hexdigest()[:12]
        return self.folder / f"{self.detector}-{seed}-without-{trial.fold}-{digest}.npz"


def _known(clip: Observation) -> list[Any]:
    return [clip.dataset, clip.key, None if clip.present is None else clip.present.astype(int).tolist()]
