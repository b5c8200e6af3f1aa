"""Support vector machines on the flow stack at 32 pixels: cheap, deterministic, hard to beat.

The radial form follows the MEB library's baseline (C = 28); the linear one is ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.kernel_detector import KernelDetector
from mebench.detectors.observation import Observation

SIZE = 32
COST = 28.0
LINEAR_COST = 1.0
"""A few hundred clips in 3072 dimensions can be separated; a larger value hardly changes the solution."""


@dataclass(frozen=True)
class FlatStack:
    """A flow stack as one vector. pool: side of the squares of pixels that are averaged first."""

    stack: FlowStack
    pool: int = 1

    def __call__(self, clip: Observation) -> NDArray[np.float32]:
        stack = clip.once(self.stack)[0]
        channels, height, width = stack.shape
        small = stack.reshape(channels, height // self.pool, self.pool, width // self.pool, self.pool)
        return np.asarray(small.mean(axis=(2, 4)).ravel(), dtype=np.float32)


def load_rbf() -> KernelDetector:
    """Radial kernel on channels stretched to [0,1]."""
    return KernelDetector("svm-flow", FlatStack(FlowStack(SIZE)), kernel="rbf", cost=COST)


def load_linear() -> KernelDetector:
    """Linear kernel on the stabilised flow in pixels: no stretching, so amplitude and sign are kept."""
    stack = FlowStack(SIZE, strain="central", scaling="fixed", stabilised=True)
    return KernelDetector("linear-svm-flow", FlatStack(stack), kernel="linear", cost=LINEAR_COST)
