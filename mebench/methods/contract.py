"""What a method answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from mebench.clip import Driving, Generated, Source, Truth


@runtime_checkable
class Method(Protocol):
    """Moves a source face with the motion of a driving clip. The same input twice gives the same output."""

    name: str

    def generate(self, source: Source, driving: Driving) -> Generated:
        """One clip with as many frames as the driving clip, float32 ``[T,3,h,w]`` in [0,1]."""
        ...

    def facts(self) -> dict[str, Any]:
        """JSON values for ``run.json``: checkpoints with hashes, factors, modes, parameters."""
        ...


@runtime_checkable
class Oracle(Protocol):
    """A bound of the scale, not a competitor: it is shown the true answer."""

    name: str

    def reveal(self, source: Source, driving: Driving, truth: Callable[[], Truth]) -> Generated:
        """Like ``generate``, with the truth at hand."""
        ...

    def facts(self) -> dict[str, Any]:
        """As for :class:`Method`."""
        ...
