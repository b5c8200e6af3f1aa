"""Who does which task next. Tasks of one driving clip stay with one worker: what it made of the clip is reused."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Generic, TypeVar

from mebench.protocol import Task

Work = TypeVar("Work")


class Schedule(Generic[Work]):
    """Hands out pieces of work, each once. Safe to call from several threads.

    A worker goes on with the driving clip it is at; then it takes the next one that nobody is at; then it helps with
    the one that has most left. What is done is the same in any order; only the time differs.
    """

    def __init__(self, work: Iterable[tuple[Task, Work]]) -> None:
        self._lock = threading.Lock()
        self._left: dict[str, list[tuple[Task, Work]]] = {}
        for task, piece in work:
            self._left.setdefault(task.driving_key, []).append((task, piece))
        self._at: dict[int, str] = {}
        self._stopped = False

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._lock:
            self._stopped = True

    def next(self, worker: int) -> tuple[Task, Work] | None:
        """The next piece for ``worker``; None when there is none left."""
        with self._lock:
            if self._stopped or not self._left:
                return None
            driving = self._at.get(worker)
            if driving not in self._left:
                taken = set(self._at.values())
                free = [name for name in self._left if name not in taken]
                driving = free[0] if free else max(self._left, key=lambda name: len(self._left[name]))
            assert driving is not None
            self._at[worker] = driving
            piece = self._left[driving].pop(0)
            if not self._left[driving]:
                del self._left[driving]
            return piece
