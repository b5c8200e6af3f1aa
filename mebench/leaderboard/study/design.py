"""Which pairs are shown, and what the organiser keeps to read the answers: pure functions and the key."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import combinations
from typing import Annotated

from pydantic import Field

from mebench.errors import ConfigError
from mebench.leaderboard.schema import Strict

SCHEMA_VERSION = 1
"""Of ``key.json`` and of the answers."""

Id = Annotated[str, Field(pattern=r"^[a-z][0-9]{3,6}$")]


class Trial(Strict):
    """One pair of outputs of one task. first, second: methods, in the order of the key; the page shows them on random sides."""

    task: str
    first: str
    second: str


class MetricKey(Strict):
    """A metric of the runs. badness: by task and method, small is good; a clip without a number is left out."""

    family: str
    badness: dict[str, dict[str, float]]


class Key(Strict):
    """``key.json``, which raters do not see. checks: by trial, the side (``a`` or ``b``) that is right. coder: by clip of the
    coder sheet, its task and method."""

    schema_version: int = Field(ge=1, le=SCHEMA_VERSION)
    study: str
    protocol: str
    protocol_hash: str
    methods: list[str] = Field(min_length=2)
    trials: dict[Id, Trial]
    checks: dict[Id, Annotated[str, Field(pattern="^[ab]$")]]
    coder: dict[Id, tuple[str, str]]
    metrics: dict[str, MetricKey]


def choose_trials(tasks: Sequence[str], methods: Sequence[str], count: int, seed: int) -> list[Trial]:
    """At most ``count`` trials: every pair of methods equally often (or once more), each time on another task, and tasks
    evenly spread. The order of tasks is made of hashes of their names and ``seed``."""
    pairs = list(combinations(methods, 2))
    if not pairs or not tasks:
        raise ConfigError("a study needs two methods and a task on which both have an output.")
    if count < len(pairs):
        raise ConfigError(f"{len(pairs)} pairs of methods need at least as many trials; {count} were asked for.")
    order = sorted(tasks, key=lambda key: shuffle_key(seed, key))
    made = []
    for turn in range(len(order)):
        for number, (first, second) in enumerate(pairs):
            made.append(Trial(task=order[(turn + number) % len(order)], first=first, second=second))
    return made[:count]


def shuffle_key(seed: int, *names: str) -> bytes:
    """Sorts things in an order that their names do not tell."""
    return hashlib.sha256("\x1f".join([str(seed), *names]).encode()).digest()
