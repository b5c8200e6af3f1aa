"""Twelve linear support vector machines with thresholds: small enough to ship, trained in seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.detectors.contract import ACTION_UNITS, labels
from mebench.detectors.kernel_detector import KernelDetector
from mebench.detectors.observation import Observation
from mebench.detectors.thresholds import best_offsets
from mebench.errors import CheckpointError


class LinearDetector(KernelDetector):
    """A :class:`KernelDetector` with a linear kernel whose weights can be put among those of a panel.

    calibrated: whether ``fit`` also moves each bias to the best threshold for F1. Thresholds are chosen on clips that
    each inner detector did not see: one training domain is left out in turn, so neither a validation split nor the test
    fold is needed.
    """

    def __init__(
        self, name: str, features: Callable[[Observation], NDArray[np.float32]], *, cost: float, calibrated: bool = True
    ) -> None:
        super().__init__(name, features, kernel="linear", cost=cost)
        self.calibrated = calibrated

    def fit(self, clips: Sequence[Observation], *, seed: int = 0) -> None:
        """Solve the problems; with thresholds, before that once for each domain left out of the training clips."""
        domains = list(dict.fromkeys((clip.dataset, clip.domain) for clip in clips))
        offsets = np.zeros(len(ACTION_UNITS), dtype=np.float32)
        if self.calibrated and len(domains) > 1:
            unseen, truth = [], []
            for domain in domains:
                inside = [clip for clip in clips if (clip.dataset, clip.domain) == domain]
                super().fit([clip for clip in clips if (clip.dataset, clip.domain) != domain])
                unseen.append(self.logits(inside))
                truth.append(labels(inside))
            offsets = best_offsets(np.concatenate(unseen), np.concatenate(truth))
        super().fit(clips)
        self.learnt()["biases"] += offsets

    def calibrate(self, clips: Sequence[Observation]) -> None:
        """Move each bias to the best threshold for F1 on clips that were not learnt from."""
        self.learnt()["biases"] += best_offsets(self.logits(clips), labels(clips))

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights by name: ``weight [12,D]`` and ``bias [12]``."""
        learnt = self.learnt()
        return {
            "weight": torch.from_numpy(learnt["vectors"].astype(np.float32)),
            "bias": torch.from_numpy(learnt["biases"].astype(np.float32)),
        }

    def load_tensors(self, tensors: dict[str, torch.Tensor], name: str) -> None:
        """Take weights by name; name: what errors call them."""
        units = len(ACTION_UNITS)
        if set(tensors) != {"weight", "bias"} or len(tensors["weight"]) != units or tensors["bias"].shape != (units,):
            raise CheckpointError(f"{name} does not fit {self.name}: a weight of {units} rows and a bias are expected.")
        self._learnt = {
            "vectors": tensors["weight"].float().numpy(),
            "coefficients": np.eye(units),
            "biases": tensors["bias"].double().numpy(),
            "gamma": np.array(1.0),
        }
