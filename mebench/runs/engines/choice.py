"""The interface of an engine, and the door to those that there are.

An engine does pieces of work anywhere and reports each one that ended. It keeps no state of its own: rows and clips are
written where the run is kept, so every engine goes on where another one stopped, and all give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType

from mebench.errors import ConfigError
from mebench.runs.pool import Finished, Piece
from mebench.runs.worker import Setup

Engine = Callable[[Setup, Sequence[Piece], int, Callable[[Finished], None]], None]
"""(setup, pieces, jobs, on_finished): do all pieces with ``jobs`` workers and call ``on_finished`` in this thread as they
end. Raises what stopped a worker; finished pieces stay finished."""

ENGINES = {
    "local": "mebench.runs.engines.local",
    "slurm": "mebench.runs.engines.slurm",
    "ray": "mebench.runs.engines.cluster_ray",
}
"""Module of each engine; its ``make(options)`` gives an :data:`Engine`."""


def engine(name: str, options: Mapping[str, str]) -> Engine:
    """The engine ``name``; :class:`~mebench.errors.ConfigError` for an unknown one, and for options that it does not know."""
    if name not in ENGINES:
        raise ConfigError(f"there is no engine '{name}'; known: {', '.join(ENGINES)}.")
    made: Engine = import_module(ENGINES[name]).make(dict(options))
    return made


def read_options(texts: Sequence[str]) -> dict[str, str]:
    """``["partition=gpu"]`` to a mapping; :class:`~mebench.errors.ConfigError` for anything without ``=``."""
    options = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise ConfigError(f"the engine option '{text}' is not of the form name=value.")
        options[key.strip()] = value.strip()
    return options


def needed(package: str, extra: str) -> ModuleType:
    """The optional package of an engine; :class:`~mebench.errors.ConfigError` says how to install it."""
    try:
        return import_module(package)
    except ImportError as error:
        raise ConfigError(
            f"this engine needs the package '{package}'; install it with: pip install 'mebench[{extra}]'"
        ) from error


def number(options: dict[str, str], key: str, default: float) -> float:
    """Take the option ``key`` as a number that is not negative."""
    text = options.pop(key, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise ConfigError(f"the engine option {key} is '{text}'; give a number from 0.")
    return value


def refuse_rest(options: Mapping[str, str], name: str, known: str) -> None:
    """:class:`~mebench.errors.ConfigError` when ``options`` are left over."""
    if options:
        raise ConfigError(f"the engine {name} has no option '{next(iter(options))}'; known: {known}.")
