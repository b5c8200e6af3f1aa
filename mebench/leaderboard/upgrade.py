"""Old files, read with new eyes: one function from each schema version to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from mebench.errors import InputError
from mebench.leaderboard.schema import SCHEMA_VERSION

Kind = Literal["manifest", "run", "card", "trust", "summary"]
Step = Callable[[dict[str, Any]], dict[str, Any]]


def _as_it_is(value: dict[str, Any]) -> dict[str, Any]:
    return value


def _aggregates(manifest: dict[str, Any]) -> dict[str, Any]:
    """Version 2 names results of which only aggregates are given; before, there were none."""
    if "aggregates" in manifest:
        raise InputError("the manifest has schema version 1 and 'aggregates', which came with version 2.")
    return {**manifest, "aggregates": []}


def _columns(summary: dict[str, Any]) -> dict[str, Any]:
    """Version 4 writes cells as rows under ``columns``; before, each had the names of its fields, which are still read."""
    if "columns" in summary:
        raise InputError("the summary has schema version 3 or less and 'columns', which came with version 4.")
    return summary


STEPS: dict[Kind, dict[int, Step]] = {
    "manifest": {1: _aggregates, 2: _as_it_is, 3: _as_it_is},
    "run": {1: _as_it_is, 2: _as_it_is, 3: _as_it_is},
    "card": {1: _as_it_is, 2: _as_it_is, 3: _as_it_is},
    "trust": {1: _as_it_is, 2: _as_it_is, 3: _as_it_is},
    "summary": {1: _as_it_is, 2: _as_it_is, 3: _columns},
}
"""By kind of file and version: what makes the next version of it. A step never loses a number."""


def upgraded(kind: Kind, value: Any) -> dict[str, Any]:
    """``value`` in the present schema. :class:`InputError` for a version that nobody knows."""
    version = value.get("schema_version") if isinstance(value, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= SCHEMA_VERSION:
        raise InputError(
            f"the {kind} has schema version {str(version)[:20]}; this mebench reads 1 to {SCHEMA_VERSION}: install a newer "
            "one, or write the submission again with this one."
        )
    while version < SCHEMA_VERSION:
        value = {**STEPS[kind][version](value), "schema_version": version + 1}
        version += 1
    return dict(value)
