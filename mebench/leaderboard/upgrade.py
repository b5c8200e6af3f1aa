"""Old files, read with new eyes: one function from each schema version to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from mebench.errors import InputError
from mebench.leaderboard.schema import SCHEMA_VERSION

Kind = Literal["manifest", "run"]
Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: dict[Kind, dict[int, Step]] = {"manifest": {}, "run": {}}
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
