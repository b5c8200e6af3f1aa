"""Random numbers whose bytes do not depend on the version of numpy.

Only the raw 64-bit words of the Philox generator are used (Salmon et al., "Parallel Random Numbers: As Easy as
1, 2, 3", SC 2011), which numpy promises to keep; uniform and normal numbers are made here. A stream belongs to a name:
``Draws("plan", "a", "train", 3)`` always gives the same numbers, whatever was drawn before from other streams.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Key = str | int
Item = TypeVar("Item")

_BLOCK = 64


class Draws:
    """A named stream of random numbers. key: words and integers that name it."""

    def __init__(self, *key: Key) -> None:
        self.key = key
        text = "\x1f".join(f"{type(part).__name__}:{part}" for part in key)
        digest = hashlib.sha256(text.encode()).digest()
        words = np.frombuffer(digest[:16], dtype="<u8").astype(np.uint64)
        self._philox = np.random.Philox(key=words)
        self._words: list[int] = []
        self._spare: float | None = None

    def child(self, *key: Key) -> Draws:
        """The stream named by this one's key and more; independent of what was drawn here."""
        return Draws(*self.key, *key)

    def word(self) -> int:
        """64 random bits."""
        if not self._words:
            self._words = self._philox.random_raw(_BLOCK).tolist()[::-1]
        return self._words.pop()

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * ((self.word() >> 11) * 2.0**-53)

    def log_uniform(self, low: float, high: float) -> float:
        """Uniform in the logarithm, low > 0."""
        return math.exp(self.uniform(math.log(low), math.log(high)))

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """Normal, by the method of Box and Muller (Annals of Mathematical Statistics 29, 1958)."""
        if self._spare is not None:
            value, self._spare = self._spare, None
        else:
            radius = math.sqrt(-2.0 * math.log(1.0 - self.uniform()))
            angle = 2.0 * math.pi * self.uniform()
            value, self._spare = radius * math.cos(angle), radius * math.sin(angle)
        return mean + deviation * value

    def normals(self, *shape: int) -> NDArray[np.float64]:
        """Standard normal numbers, float64 of this shape."""
        return np.array([self.normal() for _ in range(math.prod(shape))], dtype=np.float64).reshape(shape)

    def integer(self, low: int, high: int) -> int:
        """Uniform in {low, ..., high}, both ends included."""
        return low + int(self.uniform() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.uniform() < probability

    def choice(self, items: Sequence[Item], weights: Sequence[float] | None = None) -> Item:
        """One of ``items``, with probability proportional to ``weights`` (equal by default)."""
        if weights is None:
            return items[self.integer(0, len(items) - 1)]
        target = self.uniform() * math.fsum(weights)
        for item, weight in zip(items, weights, strict=True):
            target -= weight
            if target < 0.0:
                return item
        return items[-1]

    def dirichlet(self, concentration: Sequence[float]) -> tuple[float, ...]:
        """Proportions that sum to 1. concentration: positive, one each."""
        logs = [self._log_gamma_variate(shape) for shape in concentration]
        top = max(logs)
        parts = [math.exp(value - top) for value in logs]
        total = math.fsum(parts)
        return tuple(part / total for part in parts)

    def _log_gamma_variate(self, shape: float) -> float:
        """Logarithm of a gamma variate; Marsaglia and Tsang, ACM Trans. Math. Software 26 (2000), boosted below 1."""
        if shape < 1.0:
            return self._log_gamma_variate(shape + 1.0) + math.log(1.0 - self.uniform()) / shape
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            x = self.normal()
            v = (1.0 + c * x) ** 3
            if v > 0.0 and math.log(1.0 - self.uniform()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return math.log(d * v)
