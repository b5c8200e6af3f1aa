"""Time of a stage: on the wall, and of the processor, which other processes on the machine do not lengthen."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class Clock:
    """Runs while its ``with`` block does. wall, processor: seconds of the last block."""

    wall: float = 0.0
    processor: float = 0.0

    def __enter__(self) -> Clock:
        self._started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.wall = time.perf_counter() - self._started[0]
        self.processor = time.process_time() - self._started[1]

    def plus(self, other: Clock) -> Clock:
        """Both together."""
        return Clock(self.wall + other.wall, self.processor + other.processor)

    def record(self, stage: str) -> dict[str, float]:
        """The keys of :class:`mebench.runs.schema.CostRecord` for ``stage``, to the millisecond."""
        return {f"{stage}_seconds": round(self.wall, 3), f"{stage}_cpu_seconds": round(self.processor, 3)}
