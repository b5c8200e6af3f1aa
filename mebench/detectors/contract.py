"""What a micro-AU detector answers, and which action units it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.observation import Observation
from mebench.errors import InputError

ACTION_UNITS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17)
"""The twelve action units of the CD6ME composite (Varanka et al., "Data Leakage and Evaluation Issues in Micro-Expression
Analysis", IEEE Trans. Affective Computing 2023), in the order of every ``[N,12]`` array."""

Present = NDArray[np.bool_]
"""Labels, bool ``[N,12]``."""

Probabilities = NDArray[np.float32]
"""float32 ``[N,12]`` in [0,1]; above one half means present."""


@runtime_checkable
class Detector(Protocol):
    """Says which of the twelve action units a clip shows. One object is one trained detector.

    A prediction never depends on the other clips of the call, so a detector may be asked in any batches.
    """

    name: str

    def fit(self, clips: Sequence[Observation], *, seed: int = 0) -> None:
        """Learn from labelled clips, from scratch. Raises :class:`~mebench.errors.InputError` without any clip."""
        ...

    def predict(self, clips: Sequence[Observation]) -> Probabilities:
        """float32 ``[N,12]``, one row a clip. Raises :class:`~mebench.errors.MissingWeights` before the first fit."""
        ...

    def save(self, path: Path) -> None:
        """Write everything that ``predict`` needs."""
        ...

    def load(self, path: Path) -> None:
        """Read what ``save`` wrote; :class:`~mebench.errors.CheckpointError` when it is of another detector."""
        ...


def labels(clips: Sequence[Observation]) -> Present:
    """Labels of the clips, bool ``[N,12]``; :class:`InputError` for a clip without."""
    missing = [clip.key for clip in clips if clip.present is None]
    if missing:
        raise InputError(f"the clip '{missing[0]}' carries no labels; a detector cannot be trained or tested on it.")
    return np.array([clip.present for clip in clips], dtype=np.bool_).reshape(len(clips), len(ACTION_UNITS))
