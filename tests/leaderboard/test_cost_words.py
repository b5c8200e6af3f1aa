"""What a result took, in words: a time that may lack what earlier runs had magnified is a bound."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mebench.leaderboard.schema import Costs
from mebench.leaderboard.site.costs import UNKNOWN, cost_row


def result(facts: Any, **changes: Any) -> Any:
    numbers = dict.fromkeys(("scoring_seconds_a_clip", "peak_memory_mb", "parameters", "gflops_a_frame"))
    times = {"seconds_a_frame": 2.0, "cpu_seconds_a_frame": None}
    costs = Costs.model_validate({"schema_version": 4, "clips": 3, "hardware": [], **numbers, **times, **changes})
    return SimpleNamespace(costs=costs, run=SimpleNamespace(method={"facts": facts}))


@pytest.mark.parametrize(
    ("facts", "changes", "expected"),
    [
        ({"magnifier": {"name": "warp"}}, {}, "≥ 2"),
        ({"magnifier": {"name": "warp"}}, {"counts_reuse": True}, "2"),
        ({"magnifier": None}, {}, "2"),
        ("no mapping", {}, "2"),
    ],
    ids=["old", "counted", "no magnifier", "strange"],
)
def test_an_old_time_of_a_method_that_magnifies_is_a_bound(facts: Any, changes: dict[str, Any], expected: str) -> None:
    wall, processor, *_ = cost_row(result(facts, **changes))
    assert wall.startswith(expected)
    assert processor == UNKNOWN
