"""All metrics of a board in the same draws, whatever clips they lack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from board_run import FACTS, tasks

from mebench.leaderboard.ranking import places, without_each

METHODS = ("a", "b", "c", "d", "e")
CROSSED = [task for task in tasks() if task.kind == "cross"]
FACING = {name: FACTS[name] for name in ("spill", "flow_epe")}
"""Both are better when they are lower."""


def results(lacking: int, equal: bool = True) -> dict[str, Any]:
    """Two metrics that contradict one another on every crossed task, of which the first ``lacking`` have no second number.
    equal: whether all methods are alike there."""
    values = np.random.default_rng(0).uniform(0.2, 0.8, (len(METHODS), len(CROSSED)))
    if equal:
        values[:, :lacking] = 0.5
    found = {}
    for method, row in zip(METHODS, values.tolist(), strict=True):
        rows = []
        for index, (task, value) in enumerate(zip(CROSSED, row, strict=True)):
            given = {"spill": value, "flow_epe": None if index < lacking else 1.0 - value}
            scores = {name: {"version": 1, "value": each, "reason": None} for name, each in given.items()}
            rows.append({"task": task.record(), "status": "ok", "scores": scores})
        found[method] = SimpleNamespace(rows=rows, bounds={"floor": None, "ceiling": None})
    return found


@pytest.mark.parametrize("lacking", [0, 1, 2])
def test_metrics_that_contradict_one_another_tie_in_every_draw(lacking: int) -> None:
    found = places(results(lacking), FACING, "cross")
    middle = (len(METHODS) + 1) / 2
    assert {(place.rank, place.low, place.high) for place in found.values()} == {(middle, middle, middle)}
    assert [place.best for place in found.values()] == pytest.approx([1 / len(METHODS)] * len(METHODS))


def test_draws_that_hold_no_clip_of_a_metric_are_ranked_by_the_other() -> None:
    found = places(results(len(CROSSED) - 1, equal=False), FACING, "cross")
    assert sum(place.best for place in found.values()) == pytest.approx(1.0)
    assert all(1.0 <= place.low <= place.high <= len(METHODS) for place in found.values())


def test_without_a_metric_the_order_is_that_of_the_others() -> None:
    """Two metrics contradict one another, so that all methods tie, and the order without either has nothing in common with
    that. Three of a kind agree on everything."""
    contradicting = without_each(results(0), FACING, "cross")
    assert set(contradicting) == set(FACING)
    alike = results(0)
    for result in alike.values():
        for row in result.rows:
            row["scores"]["flow_epe"] = row["scores"]["spill"]
    assert without_each(alike, FACING, "cross") == pytest.approx({"spill": 1.0, "flow_epe": 1.0})
    assert max(contradicting.values()) < 1.0
    assert without_each(dict([*alike.items()][:1]), FACING, "cross") == {}
    assert without_each(alike, {"spill": FACING["spill"]}, "cross") == {}
