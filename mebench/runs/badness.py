"""The one rule by which numbers of a metric are put in order: how bad they are."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mebench.runs.schema import MetricInfo

Value = TypeVar("Value", float, NDArray[np.float64])


def badness(info: MetricInfo, value: Value) -> Value:
    """A number that grows with how bad a value is: the value, its negative, or its distance from the target."""
    return ordered(value, info["direction"], info["ceiling"])


def ordered(value: Value, direction: str, ceiling: float) -> Value:
    """As :func:`badness`. direction, ceiling: of the metric's facts. value: a number, or an array of them."""
    if direction == "target":
        return abs(value - ceiling)
    return value if direction == "lower" else -value
