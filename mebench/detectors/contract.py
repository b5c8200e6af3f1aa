"""What a micro-AU detector answers, and which action units it is asked about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.observation import Observation

ACTION_UNITS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17)
"""The twelve action units of the CD6ME composite (Varanka et al., "Data Leakage and Evaluation Issues in Micro-Expression
Analysis", IEEE Trans. Affective Computing 2023), in the order of every ``[N,12]`` array."""

Present = NDArray[np.bool_]
"""Labels, bool ``[N,12]``."""

Probabilities = NDArray[np.float32]
"""float32 ``[N,12]`` in [0,1]; above one half means present."""

_NUMBER = re.compile(r"[A-Z]{0,2}([0-9]+)")
"""A side or lip part, then the number: ``12``, ``L12``, ``R4``, ``AL12``."""


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


def presence(names: Sequence[str]) -> NDArray[np.bool_]:
    """Which of :data:`ACTION_UNITS` are among FACS names such as ``"4"`` and ``"L12"``: bool ``[12]``.

    The side is dropped. Names of other units and words that name none leave no mark, as in the published labels.
    """
    numbers = {int(match[1]) for match in map(_NUMBER.fullmatch, names) if match}
    return np.array([unit in numbers for unit in ACTION_UNITS])


def labels(clips: Sequence[Observation]) -> Present:
    """Labels of the clips, bool ``[N,12]``."""
    return np.stack([presence(clip.action_units) for clip in clips]) if clips else np.zeros((0, 12), dtype=bool)
