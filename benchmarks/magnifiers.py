"""One table of every finished run on ``open-magnification`` below a folder: floor, magnifiers, ceiling, artefacts and cost.
Runs that were made with ``--limit`` are compared on the clips that all of them have.

for each magnifier: mebench run --protocol open-magnification --method NAME --out runs
python benchmarks/magnifiers.py runs
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

PROTOCOL = "open-magnification"
COLUMNS = {
    "gain": ("gain (1 is best)", 2),
    "gain_error": ("gain error (octaves)", 2),
    "magnification_error": ("magnification error", 2),
    "flow_epe": ("flow epe (milli-inter-ocular)", 2),
    "spill": ("spill", 2),
    "off_motion": ("luma off the motion (grey levels)", 2),
    "psnr": ("psnr (dB)", 1),
    "ssim": ("ssim", 3),
}
"""Metric: heading and decimals."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the runs lie")
    folders = sorted(path.parent for path in parser.parse_args().folder.glob("*/summary.json"))
    runs = [(path, summary) for path in folders if (summary := _json(path / "summary.json"))["protocol"] == PROTOCOL]
    if not runs:
        raise SystemExit(f"no finished run on {PROTOCOL} lies there; see the head of this file.")
    print("| | clips | " + " | ".join(title for title, _ in COLUMNS.values()) + " | seconds a frame |")  # noqa: T201
    print("|---" * (len(COLUMNS) + 3) + "|")  # noqa: T201
    scored = [(_read(path), summary["method"], _json(path / "costs.json")) for path, summary in runs]
    shared = sorted(set.intersection(*(set(rows) for rows, _, _ in scored)))
    bounds = _json(runs[0][0] / "bounds.json")
    print(_line("the clip as it is", [bounds["floor"][clip]["scores"] for clip in shared], "0"))  # noqa: T201
    lines = [([rows[clip] for clip in shared], name, costs) for rows, name, costs in scored]
    for chosen, name, costs in sorted(lines, key=lambda line: _mean(line[0], "gain_error")):
        print(_line(f"`{name}`", chosen, f"{costs['cpu_seconds_a_frame']:.2f}"))  # noqa: T201
    print(_line("the rendered answer", [bounds["ceiling"][clip]["scores"] for clip in shared], ""))  # noqa: T201


def _line(name: str, rows: list[dict[str, Any]], cost: str) -> str:
    values = [f"{_mean(rows, metric):.{digits}f}" for metric, (_, digits) in COLUMNS.items()]
    return f"| {name} | {len(rows)} | " + " | ".join(values) + f" | {cost} |"


def _mean(rows: list[dict[str, Any]], metric: str) -> float:
    """Of the clips that have a value."""
    found = [row[metric]["value"] for row in rows]
    return float(np.mean([value for value in found if value is not None]))


def _read(run: Path) -> dict[str, dict[str, Any]]:
    """The scores of each finished clip, in the shape of the bounds."""
    with (run / "scores.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["task"]: {metric: {"value": float(row[metric]) if row[metric] else None} for metric in COLUMNS}
            for row in csv.DictReader(file)
            if row["status"] == "ok"
        }


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


if __name__ == "__main__":
    main()
