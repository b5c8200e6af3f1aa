"""Processes of this machine."""

from __future__ import annotations

from mebench.runs.engines.choice import Engine, refuse_rest
from mebench.runs.pool import work


def make(options: dict[str, str]) -> Engine:
    """The pool of child processes; it has no options."""
    refuse_rest(options, "local", "none")
    return work
