"""One registry for each kind of thing that can be added, filled by entry points.

A built-in and a third-party plug-in come in by the same door: an entry point in one of the groups below. Nothing is
imported until it is asked for by name. A plug-in that fails to load is named, never swallowed::

    from mebench import registry
    registry.names("metrics")            # ('apex_error', 'csim[dlib]', ...)
    registry.load("metrics", "psnr")     # the object behind the entry point
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mebench.errors import ConfigError
from mebench.names import meant

GROUPS = ("datasets", "backbones", "magnifiers", "detectors", "metrics", "methods")


@cache
def _entries(kind: str) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in sorted(
        entry_points(group=f"mebench.{kind}"), key=lambda e: (not e.value.startswith("mebench."), e.name)
    ):
        found.setdefault(entry.name, entry)
    return dict(sorted(found.items()))


def names(kind: str) -> tuple[str, ...]:
    """Names registered for ``kind`` (one of :data:`GROUPS`), sorted; nothing is imported."""
    return tuple(_entries(kind))


def load(kind: str, name: str) -> Any:
    """The object registered as ``name``; :class:`ConfigError` names what exists, or the plug-in that fails to load."""
    entries = _entries(kind)
    singular = kind.removesuffix("s")
    if name not in entries:
        known = ", ".join(entries) or "none"
        raise ConfigError(f"there is no {singular} called '{name}'{meant(name, entries)}; known: {known}.")
    try:
        return entries[name].load()
    except Exception as error:
        raise ConfigError(
            f"the {singular} '{name}' ({entries[name].value}) fails to load: {type(error).__name__}: {error}."
        ) from error


def failures(kind: str) -> dict[str, str]:
    """Load every entry of ``kind``; the message of each that fails, by name (for ``mebench doctor``)."""
    messages: dict[str, str] = {}
    for name in names(kind):
        try:
            load(kind, name)
        except ConfigError as error:
            messages[name] = str(error)
    return messages
