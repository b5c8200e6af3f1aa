"""What a run tells while it works. The command line draws it; from Python a run is silent unless it is given one."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears how far a run is."""

    def stage(self, text: str) -> None:
        """What is done now, such as ``loading magplus``."""
        ...

    def begin(self, total: int, finished: int) -> None:
        """The tasks start: ``total`` of them, ``finished`` before."""
        ...

    def advance(self, key: str, status: str) -> None:
        """One more task is finished, ``ok`` or ``failed``."""
        ...

    def note(self, text: str) -> None:
        """Something unusual, such as a damaged clip that was generated again."""
        ...

    def end(self) -> None:
        """Nothing more comes."""
        ...


class Silent:
    """Says nothing."""

    def stage(self, text: str) -> None: ...

    def begin(self, total: int, finished: int) -> None: ...

    def advance(self, key: str, status: str) -> None: ...

    def note(self, text: str) -> None: ...

    def end(self) -> None: ...
