"""What a run costs: parameters and operations counted, summed up apart from the scores, and never in their way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from mebench.clip import Driving, Generated, Source
from mebench.methods.magnified_drivers import Magnified, kept
from mebench.runs.complexity import Complexity, called_networks, complexity, piece
from mebench.runs.cost_summary import cost_line, read_costs, summarise_costs
from mebench.runs.page.header import costs as on_the_page
from mebench.runs.tables import COST_COLUMNS, costs_csv

SIDE, CHANNELS = 16, 8


class Small:
    """One convolution of the driving frames; the source is enrolled once by another one and remembered."""

    name = "small"

    def __init__(self) -> None:
        self.encode = nn.Conv2d(3, CHANNELS, 3, padding=1, bias=False)
        self.move = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1, bias=False))
        self.move[0].weight = nn.Parameter(torch.zeros(3, 3, 3, 3))
        self.enrolled: str | None = None
        self.calls: list[int] = []

    def generate(self, source: Source, driving: Driving) -> Generated:
        self.calls.append(len(driving.frames))
        if self.enrolled != source.key:
            self.encode(source.image[None])
            self.enrolled = source.key
        return Generated(self.move(driving.frames), {})

    def facts(self) -> dict[str, Any]:
        return {}


class Plain(Small):
    """No network at all."""

    def generate(self, source: Source, driving: Driving) -> Generated:
        self.calls.append(len(driving.frames))
        return Generated(driving.frames, {})


class Long(Small):
    """Refuses what it is not asked for by the protocol."""

    def generate(self, source: Source, driving: Driving) -> Generated:
        if len(driving.frames) < 20:
            raise ValueError("too short")
        return super().generate(source, driving)


class Elsewhere(Plain):
    def facts(self) -> dict[str, Any]:
        return {"external": True}


SOURCE = Source("s", torch.zeros(3, SIDE, SIDE))
DRIVING = Driving("d", torch.rand(20, 3, SIDE, SIDE), 30.0, 2, 6, 13)


def measured(method: Any) -> Complexity:
    with torch.inference_mode(), called_networks() as networks:
        method.generate(SOURCE, DRIVING)
    return complexity(method, networks, SOURCE, DRIVING)


def test_parameters_and_operations_are_those_of_the_networks() -> None:
    method = Small()
    found = measured(method)
    assert found.parameters == 3 * CHANNELS * 9 + 3 * 3 * 9
    once, each = 2 * SIDE**2 * 3 * CHANNELS * 9, 2 * SIDE**2 * 3 * 3 * 9
    assert found.gflops == pytest.approx((once / 12 + each) / 1e9, abs=1e-4)
    assert method.calls == [20, 12]  # from onset to offset, once


class Keeping(Small):
    """As a pipeline does: a driver that was magnified before, in this process or on the disk, is not magnified again."""

    def __init__(self) -> None:
        super().__init__()
        self.magnify = nn.Conv2d(3, 3, 1, bias=False)
        self.drivers: dict[str, torch.Tensor] = {}

    def generate(self, source: Source, driving: Driving) -> Generated:
        def make() -> Magnified:
            return Magnified(self.magnify(driving.frames), 2.0, 2.0)

        if driving.key not in self.drivers:
            self.drivers[driving.key] = kept(driving, {"test": 1}, make).frames
        return super().generate(source, dataclasses.replace(driving, frames=self.drivers[driving.key]))


def test_a_driver_that_was_magnified_before_is_counted_all_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    first, second = (measured(Keeping()) for _ in range(2))  # the second finds the driver on the disk
    assert first == second
    assert first.parameters == 3 * CHANNELS * 9 + 3 * 3 * 9 + 3 * 3
    once, each = 2 * SIDE**2 * 3 * CHANNELS * 9, 2 * SIDE**2 * (3 * 3 * 9 + 3 * 3)
    assert first.gflops == pytest.approx((once / 12 + each) / 1e9, abs=1e-4)


def test_without_a_network_nothing_is_generated_twice() -> None:
    method = Plain()
    assert measured(method) == Complexity(0, 0.0)
    assert method.calls == [20]
    assert measured(Elsewhere()) == Complexity(None, None)


def test_a_method_that_refuses_a_short_clip_has_parameters_alone() -> None:
    assert measured(Long()) == Complexity(3 * CHANNELS * 9 + 3 * 3 * 9, None)


@pytest.mark.parametrize(("count", "expected"), [(3, [2, 6, 13]), (6, [2, 3, 5, 6, 10, 13])], ids=["three", "six"])
def test_a_piece_keeps_onset_apex_and_offset(count: int, expected: list[int]) -> None:
    part = piece(DRIVING, count)
    assert len(part.frames) == count
    for name in ("onset", "apex", "offset"):
        assert torch.equal(part.frames[getattr(part, name)], DRIVING.frames[getattr(DRIVING, name)])
    places = [int((DRIVING.frames == frame).all(dim=(1, 2, 3)).nonzero()[0]) for frame in part.frames]
    assert places == expected


def cost(**changes: Any) -> Any:
    values: dict[str, Any] = {name: 0.0 for name in COST_COLUMNS if "seconds" in name}
    return {**values, "task": "t", "frames": 10, "peak_memory_mb": 900.0, **changes}


def test_the_summary_adds_up_and_old_records_lack_what_was_not_measured() -> None:
    machine = {"processor": "A", "cores": 2}
    sessions: Any = [{"hardware": machine}, {"hardware": machine}, {"hardware": {"processor": "B", "cores": 8}}]
    made = [
        cost(generate_seconds=2.0, generate_cpu_seconds=1.0, score_seconds=3.0, parameters=2_500_000, gflops=1.5),
        cost(generate_seconds=4.0, generate_cpu_seconds=3.0, score_seconds=1.0, peak_memory_mb=1200.0),
    ]
    found = summarise_costs(made, sessions)
    assert found["seconds_a_frame"] == pytest.approx(0.3)
    assert found["cpu_seconds_a_frame"] == pytest.approx(0.2)
    assert (found["peak_memory_mb"], found["parameters"], found["gflops_a_frame"]) == (1200.0, 2_500_000, 1.5)
    assert [each["processor"] for each in found["hardware"]] == ["A", "B"]
    line = cost_line(found)
    for part in ("0.3 s a frame", "1.2 GB", "2.50 M parameters", "1.5 GFLOPs a frame", "A x 2", "B x 8"):
        assert part in line
    assert costs_csv(made).splitlines()[2].endswith(",1200.0,,")
    assert cost_line(summarise_costs([], [])) == ""
    old = {key: value for key, value in made[0].items() if not key.startswith("reused")}
    told = [summarise_costs(rows, [])["counts_reuse"] for rows in (made, [*made, old], [])]
    assert told == [True, False, False]
    without = cost_line({**found, "parameters": 0, "gflops_a_frame": 0.0})
    assert ", no network, A x 2" in without and "GFLOPs" not in without
    page = dict(on_the_page(SimpleNamespace(costs=dict(enumerate(made)), run={"sessions": sessions})))  # type: ignore[arg-type]
    assert page["Parameters of the networks"] == "2.50 M"
    assert page["Operations a frame"] == "1.5 GFLOPs"


def test_costs_that_cannot_be_read_are_none(tmp_path: Any) -> None:
    assert read_costs(tmp_path) is None
    (tmp_path / "costs.json").write_text("{")
    assert read_costs(tmp_path) is None
