"""Runs that are disturbed: a short turn of ``benchmarks/faults.py``, and with ``--slow`` a long one; and peak memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks and signals of Linux")


def printed(program: str, *arguments: str) -> str:
    """What a benchmark prints; it must end well."""
    command = [sys.executable, str(BENCHMARKS / program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


def test_killed_and_damaged_runs_end_with_the_same_bytes():
    lines = printed("faults.py", "kill", "corruption", "--kills", "2", "--trials", "2").splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["kill", "corruption"]
    assert all("all kept" in line for line in lines[1:])


@pytest.mark.slow
def test_every_fault_many_times():
    lines = printed("faults.py", "--kills", "40", "--trials", "6", "--seed", "1").splitlines()
    assert len(lines) == 1 + 9
    assert all("all kept" in line or "not tried" in line for line in lines[1:])


@pytest.mark.slow
def test_peak_memory_does_not_grow_with_the_number_of_clips():
    peaks = [float(value) for value in re.findall(r"clips: +([\d.]+) MB", printed("memory.py", "20", "200"))]
    assert peaks[1] - peaks[0] < 20.0  # 180 clips decoded at 64 px are 29 MB, and as floats 115 MB
