"""A detector that is twelve support vector machines on one feature vector a clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.contract import Probabilities, labels
from mebench.detectors.observation import Observation
from mebench.detectors.support_vectors import Kernel, kernel_matrix, scale_gamma, train
from mebench.errors import CheckpointError, InputError, MissingWeights
from mebench.files import write_whole


class KernelDetector:
    """See :class:`mebench.detectors.contract.Detector`.

    features: a hashable recipe that gives float32 ``[D]`` for a clip. cost: of a violated margin (C).
    Nothing is random: the seed of ``fit`` changes nothing. A probability is the logistic function of the decision value
    and only its side of one half is meaningful.
    """

    draws_nothing = True

    def __init__(
        self, name: str, features: Callable[[Observation], NDArray[np.float32]], *, kernel: Kernel, cost: float
    ) -> None:
        self.name = name
        self.features = features
        self.kernel: Kernel = kernel
        self.cost = cost
        self._learnt: dict[str, NDArray[np.floating]] | None = None

    def fit(self, clips: Sequence[Observation], *, seed: int = 0) -> None:
        """Solve the twelve problems."""
        if not clips:
            raise InputError(f"the detector {self.name} cannot be trained without clips.")
        x, present = self._features(clips), labels(clips)
        gamma = scale_gamma(x)
        gram = kernel_matrix(x, x, self.kernel, gamma)
        found = [train(gram, column, self.cost) for column in present.T]
        coefficients = np.stack([weights for weights, _ in found])
        used = (coefficients != 0.0).any(axis=0)
        vectors, coefficients = x[used], coefficients[:, used]
        if self.kernel == "linear":  # one weight vector for each action unit says the same as all support vectors
            vectors = (coefficients @ vectors).astype(np.float32)
            coefficients = np.eye(len(vectors))
        self._learnt = {
            "vectors": vectors,
            "coefficients": coefficients,
            "biases": np.array([bias for _, bias in found]),
            "gamma": np.array(gamma),
        }

    def logits(self, clips: Sequence[Observation]) -> NDArray[np.float32]:
        """Decision values, float32 ``[N,12]``: present above 0."""
        learnt = self.learnt()
        if not clips:
            return np.zeros((0, len(learnt["biases"])), dtype=np.float32)
        vectors = learnt["vectors"].astype(np.float32)
        gram = kernel_matrix(self._features(clips), vectors, self.kernel, float(learnt["gamma"]))
        return np.asarray(gram @ learnt["coefficients"].T + learnt["biases"], dtype=np.float32)

    def learnt(self) -> dict[str, NDArray[np.floating]]:
        """Vectors, coefficients, biases, gamma; :class:`MissingWeights` before the first fit."""
        if self._learnt is None:
            raise MissingWeights(f"the detector {self.name} is not trained; fit it or load a weight file.")
        return self._learnt

    def predict(self, clips: Sequence[Observation]) -> Probabilities:
        """float32 ``[N,12]`` in [0,1]."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.logits(clips).astype(np.float64))), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write an ``.npz`` file of support vectors and coefficients."""
        learnt = self.learnt()
        write_whole(path, lambda temporary: _write(temporary, self.name, learnt))

    def load(self, path: Path) -> None:
        """Read a file that :meth:`save` wrote."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except OSError as error:
            raise MissingWeights(f"cannot read {path}: {error}.") from error
        except ValueError as error:
            raise CheckpointError(f"{path} is no file of support vectors: {error}.") from error
        owner = str(arrays.pop("detector", ""))
        if owner != self.name or set(arrays) != {"vectors", "coefficients", "biases", "gamma"}:
            raise CheckpointError(f"{path} holds the detector {owner or '?'}, not {self.name}.")
        self._learnt = arrays

    def _features(self, clips: Sequence[Observation]) -> NDArray[np.float32]:
        return np.stack([clip.once(self.features) for clip in clips])


def _write(path: Path, name: str, learnt: dict[str, NDArray[np.floating]]) -> None:
    with path.open("wb") as handle:
        arrays: dict[str, Any] = {"detector": np.array(name), **learnt}
        np.savez_compressed(handle, **arrays)
