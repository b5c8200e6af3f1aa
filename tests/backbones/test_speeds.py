"""Rates of backbones: kept by size, this machine's before those that ship, and shown by ``mebench list backbones``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mebench.backbones import speeds as module
from mebench.backbones.speeds import SHIPPED, Speed, keep_speeds, speeds
from mebench.cli.catalogue import catalogue


def speed(rate: float) -> Speed:
    return {
        "weights": "w",
        "resolution": 256,
        "device": "one thread",
        "enroll_seconds": 1.0,
        "frame_seconds": 1.0 / rate,
        "loop_frame_seconds": 2.0 / rate,
        "frames_per_second": rate,
        "loop_frames_per_second": rate / 2,
    }


def test_own_measurements_come_before_those_that_ship(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "shipped.json")
    assert speeds() == {"lite": {}, "official": {}}
    keep_speeds({"fomm": speed(4), "fsrt": speed(3)}, "lite", tmp_path / "shipped.json")
    keep_speeds({"fomm": speed(8)}, "lite")
    keep_speeds({"fomm": speed(0.5)}, "official")
    found = speeds()
    assert {name: entry["frames_per_second"] for name, entry in found["lite"].items()} == {"fomm": 8, "fsrt": 3}
    assert found["official"]["fomm"]["frames_per_second"] == 0.5
    summary = next(entry["summary"] for entry in catalogue("backbones") if entry["name"] == "fomm")
    assert "8 frames/s lite (2.0 times a loop), 0.5 frames/s at published size (2.0 times a loop)" in summary
    assert "licence of the code: Apache-2.0" in summary and "fomm-lite (Apache-2.0, here)" in summary
    assert "vox-adv-cpk (" in summary and "to be added)" in summary


def test_what_ships_covers_all_four_at_both_sizes() -> None:
    shipped = json.loads(SHIPPED.read_text())
    for size in ("lite", "official"):
        assert {"fomm", "fsrt", "metaportrait", "emoportraits"} <= set(shipped[size])
        for entry in shipped[size].values():
            assert set(entry) == set(Speed.__annotations__)
            assert entry["frames_per_second"] > 0.9 * entry["loop_frames_per_second"] > 0
