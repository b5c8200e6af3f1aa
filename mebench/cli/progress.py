"""Progress of a run on the standard error: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from mebench.runs.progress import Progress

_QUIET_SECONDS = 10.0
"""Between two lines where nobody watches a bar (a log file): often enough to see that it lives."""


@contextmanager
def drawn() -> Iterator[Progress]:
    """A progress display for the time of a ``with`` block. Ctrl-C leaves it with a word on what is kept."""
    display = _Drawn() if sys.stderr.isatty() else _Lines()
    try:
        yield display
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(display.last_words()) from error
    finally:
        display.end()


class _Count:
    """Counts tasks and guesses the time left from those of this session."""

    def __init__(self) -> None:
        self.total = 0
        self.finished = 0
        self.failed = 0
        self._done = 0
        self._first = 0.0

    def begin(self, total: int, finished: int) -> None:
        """The tasks start."""
        self.total, self.finished = total, finished

    def advance(self, status: str) -> None:
        """One more."""
        self.finished += 1
        self._done += 1
        if self._done == 1:
            self._first = time.monotonic()
        self.failed += status == "failed"

    def left(self) -> str:
        """Time left, such as ``1:05``; empty until two tasks are finished: the first also waited for the start."""
        if self._done < 2 or self.finished >= self.total:
            return ""
        seconds = round((time.monotonic() - self._first) / (self._done - 1) * (self.total - self.finished))
        return f"about {seconds // 60}:{seconds % 60:02d} left"

    def failures(self) -> str:
        """How many failed, or nothing."""
        return f"{self.failed} failed" if self.failed else ""

    def last_words(self) -> str:
        """What a user who stopped the run should know."""
        if not self.total:
            return "interrupted before the first task."
        return f"interrupted; {self.finished} of {self.total} tasks are finished and kept. The same command goes on."


class _Drawn:
    """A bar that is redrawn."""

    def __init__(self) -> None:
        self._count = _Count()
        self._console = Console(stderr=True)
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("clips {task.fields[left]} {task.fields[failures]}"),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._text = ""
        self._status = self._console.status("")

    def stage(self, text: str) -> None:
        self._text = text
        if self._task is None:
            self._status.update(text)
            self._status.start()
        else:
            self._bar.update(self._task, description=text)

    def begin(self, total: int, finished: int) -> None:
        self._status.stop()
        self._count.begin(total, finished)
        self._task = self._bar.add_task(self._text, total=total, completed=finished, left="", failures="")
        self._bar.start()

    def advance(self, key: str, status: str) -> None:
        self._count.advance(status)
        if self._task is not None:
            left, failures = self._count.left(), self._count.failures()
            self._bar.update(self._task, description="generating and scoring", advance=1, left=left, failures=failures)

    def note(self, text: str) -> None:
        self._console.print(text, style="yellow", markup=False, highlight=False)

    def end(self) -> None:
        self._status.stop()
        self._bar.stop()

    def last_words(self) -> str:
        return self._count.last_words()


class _Lines:
    """Plain lines, for log files."""

    def __init__(self) -> None:
        self._count = _Count()
        self._last = 0.0

    def stage(self, text: str) -> None:
        self._say(text)

    def begin(self, total: int, finished: int) -> None:
        self._count.begin(total, finished)
        self._say(f"{finished} of {total} clips are finished")

    def advance(self, key: str, status: str) -> None:
        self._count.advance(status)
        if status == "failed":
            self._say(f"failed: {key}")
        now = time.monotonic()
        if now - self._last >= _QUIET_SECONDS or self._count.finished == self._count.total:
            self._last = now
            parts = [f"{self._count.finished} of {self._count.total} clips", self._count.left(), self._count.failures()]
            self._say(", ".join(part for part in parts if part))

    def note(self, text: str) -> None:
        self._say(text)

    def end(self) -> None: ...

    def last_words(self) -> str:
        return self._count.last_words()

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201
