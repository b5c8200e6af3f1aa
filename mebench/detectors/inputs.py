"""What a network is fed: named by a recipe that is computed once a clip."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.detectors.observation import Observation

Arrays = tuple[NDArray[np.float32], ...]
"""The inputs of one clip, one array for each argument of the network."""

Tensors = tuple[torch.Tensor, ...]
"""The same for N clips, stacked along a first axis."""


class Recipe(Protocol):
    """How a clip becomes the inputs of a network. Hashable: equal recipes share their results."""

    def __call__(self, clip: Observation) -> Arrays:
        """The inputs of one clip."""
        ...

    def mirrored(self, inputs: Tensors) -> Tensors:
        """The inputs of the same clips seen in a mirror."""
        ...

    def __hash__(self) -> int: ...


@runtime_checkable
class DrawnRecipe(Protocol):
    """A :class:`Recipe` whose inputs of training clips differ from epoch to epoch."""

    def drawn(self, clip: Observation, epoch: int, seed: int) -> Arrays:
        """The inputs of one clip in one epoch, from 0; the same for the same arguments."""
        ...
