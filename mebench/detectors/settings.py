"""What an evaluation may change of a detector's training, and how a table says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from mebench.detectors.contract import Detector
from mebench.detectors.fixed_magnifier import FixedMagnifierDetector, has_magnifier
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Imbalance, check_imbalance
from mebench.detectors.starts import Start
from mebench.errors import ConfigError
from mebench.weights.locate import sha256


@dataclass(frozen=True)
class Settings:
    """Changes for every network of an evaluation; detectors that are no networks take none of them.

    epochs, rate: a shortened schedule (:meth:`~mebench.detectors.schedule.Schedule.shortened`); the detector's own when
    None. batch: clips in a step; the detector's own when None. imbalance: see :data:`~mebench.detectors.schedule.Imbalance`. start: called with the fresh network in place of the
    detector's own start, ``started`` is what a table calls it, and ``start_file`` where its weights lie. fixed_magnifier: detectors on magnified
    input do not train their magnifier (:mod:`mebench.detectors.fixed_magnifier`).
    """

    epochs: int | None = None
    rate: float | None = None
    batch: int | None = None
    imbalance: Imbalance = "none"
    start: Callable[[nn.Module], None] | None = None
    started: str = ""
    start_file: Path | None = None
    fixed_magnifier: bool = False

    def __post_init__(self) -> None:
        if (self.epochs is None) != (self.rate is None):
            raise ConfigError("a shortened training needs both its number of epochs and its first rate.")
        check_imbalance(self.imbalance)

    def applied(self, detector: Detector) -> Detector:
        """The detector with these settings."""
        if not isinstance(detector, NetworkDetector):
            return detector
        if self.fixed_magnifier and has_magnifier(detector):
            detector = FixedMagnifierDetector(detector)
        if self.epochs is not None and self.rate is not None:
            detector.schedule = detector.schedule.shortened(self.epochs, self.rate)
        if self.batch is not None:
            detector.schedule = replace(detector.schedule, batch=self.batch)
        if self.imbalance != "none":
            detector.schedule = replace(detector.schedule, imbalance=self.imbalance)
        detector.start = self.start or detector.start
        return detector

    def training(self, detector: Detector) -> dict[str, Any]:
        """How a detector is trained with these settings, as JSON values; {} for one that is no network."""
        if not isinstance(detector, NetworkDetector):
            return {}
        full, batch = detector.schedule.epochs, detector.schedule.batch
        fixed = self.fixed_magnifier and has_magnifier(detector)
        schedule = self.applied(detector).schedule  # type: ignore[attr-defined]
        start, files = "random", []
        if self.start is not None:
            start, files = self.started, [self.start_file] if self.start_file is not None else []
        elif isinstance(detector.start, Start):
            start, files = detector.start.said, [path for path, _ in detector.start.parts.values()]
        return {
            "epochs": schedule.epochs,
            "full_epochs": full,
            "rate": schedule.rate,
            "imbalance": schedule.imbalance,
            "start": start,
            **({"batch": schedule.batch} if schedule.batch != batch else {}),
            **({"magnifier": "fixed"} if fixed else {}),
            **({"start_sha256": [sha256(path)[:16] for path in dict.fromkeys(files)]} if files else {}),
        }
