"""Peak memory of a run against its number of clips: ``python benchmarks/memory.py [10 100 1000] [--plot FILE.svg]``.

Runs of drawn clips (64 px, 13 frames) with a method and metrics that cost nothing, page and tables included, each in a fork
of one process that has everything imported. Prints the largest resident memory of each run and what it is above the
memory of the process before the run. Linux only.
"""

from __future__ import annotations

import os

os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")})

import argparse
import math
import tempfile
from pathlib import Path

import forked
import yaml

MEBIBYTE = 1024.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    forked.prepare(page=True)
    peaks = {}
    for count in arguments.clips:
        before, peaks[count] = peak(count)
        print(f"{count:6d} clips: {peaks[count]:7.1f} MB, {peaks[count] - before:6.1f} MB above the start", flush=True)  # noqa: T201
    if arguments.plot:
        arguments.plot.write_text(plot(peaks), encoding="utf-8")


def peak(count: int) -> tuple[float, float]:
    """Resident memory in MB before a run of ``count`` clips, and its peak."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = folder / "found"
        ended = forked.Session(lambda: _measured(folder, count, found)).wait()
        if ended.code:
            raise SystemExit(f"the run of {count} clips failed: {ended.message}")
        before, after = map(float, found.read_text().split())
    return before, after


def _measured(folder: Path, count: int, found: Path) -> None:
    import mebench_fake.data as data

    import mebench

    os.environ["MEBENCH_HOME"] = str(folder / "home")
    data.SUBJECTS = max(2, math.ceil(count / (len(data.DOMAINS) * data.CLIPS)))
    protocol, method = folder / "memory.yaml", folder / "method.yaml"
    protocol.write_text(yaml.safe_dump(forked.protocol("fake", {"seed": 3, "self": {"clips": count}})))
    method.write_text(yaml.safe_dump(forked.method()))
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = _status("VmRSS")
    mebench.run(method, protocol=protocol, out=folder / "runs", jobs=0, bounds=False)
    found.write_text(f"{before} {_status('VmHWM')}")


def _status(key: str) -> float:
    """A figure of /proc/self/status in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(key)) / MEBIBYTE


def plot(peaks: dict[int, float]) -> str:
    """The curve as SVG, both axes from their origin: clips on a logarithmic scale."""
    width, height, left, bottom = 480, 240, 60, 40
    top = 1.2 * max(peaks.values())
    last = math.log10(max(peaks))
    places = [
        (left + (width - left - 20) * math.log10(count) / last, height - bottom - (height - bottom - 20) * value / top)
        for count, value in peaks.items()
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/><text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{value:.0f} MB</text>'
        f'<text x="{x:.1f}" y="{height - bottom + 16}" text-anchor="middle">{count}</text>'
        for (x, y), (count, value) in zip(places, peaks.items(), strict=True)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" '
        'fill="#333">'
        f'<path d="M{left},20V{height - bottom}H{width - 20}" fill="none" stroke="#888"/>'
        f'<polyline points="{line}" fill="none" stroke="#333"/>{marks}'
        f'<text x="{width / 2}" y="{height - 6}" text-anchor="middle">clips</text>'
        f'<text x="14" y="{height / 2}" transform="rotate(-90 14 {height / 2})" text-anchor="middle">peak memory</text></svg>\n'
    )


if __name__ == "__main__":
    main()
