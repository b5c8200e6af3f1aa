"""Numbered notes below a table: one for each different reason."""

from __future__ import annotations


class Notes(list[str]):
    """The reasons in the order in which they were met."""

    def number(self, reason: str) -> int:
        """The number of ``reason``, counted from 1; it is added when it is new."""
        if reason not in self:
            self.append(reason)
        return self.index(reason) + 1
