"""Bytes near whole files, and any bytes, at every door: let in, or refused in one sentence."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

sys.path.insert(0, str(Path(__file__).parent))

from doors import DOORS, examples, open_door

CHEAP = {"action units", "json", "card", "protocol", "clips", "bounds", "table", "picture", "vectors"}

EDITS = some.lists(
    some.tuples(
        some.integers(0, 1 << 30), some.sampled_from(["set", "cut", "insert", "repeat"]), some.binary(max_size=6)
    ),
    min_size=1,
    max_size=4,
)


def edited(data: bytes, edits: list[tuple[int, str, bytes]]) -> bytes:
    """``data`` with bytes set, cut out, inserted or repeated."""
    for place, kind, new in edits:
        at = place % (len(data) + 1)
        if kind == "set":
            data = data[:at] + new + data[at + len(new) :]
        elif kind == "insert":
            data = data[:at] + new + data[at:]
        elif kind == "cut":
            data = data[:at] + data[at + 1 + len(new) * 7 :]
        else:
            data = data[:at] + data[max(0, at - 64) : at] * (1 + len(new)) + data[at:]
    return data


@pytest.mark.parametrize("name", sorted(DOORS))
def test_whole_files_are_let_in(name: str) -> None:
    assert all(open_door(name, data) for data in examples(name))


def hammer(name: str, count: int) -> None:
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(which=some.integers(0, 9), edits=EDITS, whole=some.none() | some.binary(max_size=80))
    def any_bytes(which: int, edits: list[tuple[int, str, bytes]], whole: bytes | None) -> None:
        known = examples(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # readers warn of what is odd
            open_door(name, edited(known[which % len(known)], edits) if whole is None else whole)

    any_bytes()


@pytest.mark.parametrize("name", sorted(DOORS))
def test_any_bytes_are_let_in_or_refused_in_one_sentence(name: str) -> None:
    hammer(name, 40 if name in CHEAP else 15)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DOORS))
def test_many_more_bytes(name: str) -> None:
    hammer(name, 2000)
