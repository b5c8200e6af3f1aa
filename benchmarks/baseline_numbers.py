"""The numbers on the page of each baseline, from ``submissions/``: the newest of every protocol and backbone.

python benchmarks/baseline_numbers.py            # print them
python benchmarks/baseline_numbers.py --write    # put them at the end of baselines/*/README.md
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from submitted_cells import estimate, newest_results, read_cells

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = {
    "gain": ("gain", 2),
    "gain_error": ("gain error (octaves)", 2),
    "profile": ("profile", 2),
    "spill": ("spill", 2),
    "flow_epe": ("flow error (milli-inter-ocular)", 2),
    "csim[dlib]": ("csim (dlib)", 3),
    "au_f1": ("judges' F1", 2),
}
"""Metric: heading and decimals."""
KINDS = {"self": "own onset", "cross": "cross-identity"}
START, END = "<!-- numbers: python benchmarks/baseline_numbers.py --write -->", "<!-- end of the numbers -->"


def table(tree: Path, method: str) -> str:
    """Markdown: one line for each protocol, backbone and kind of task."""
    headings = ["protocol", "backbone", "task", "clips", *(title for title, _ in COLUMNS.values())]
    lines = ["| " + " | ".join(headings) + " |", "|---" * len(headings) + "|"]
    for protocol, backbone, found in _results(tree / method):
        for kind, called in KINDS.items():
            cells = {metric: cell for (metric, of, domain), cell in found.items() if of == kind and not domain}
            if not cells:
                continue
            shown = [
                estimate(cells[name]["value"] if name in cells else None, name, decimals)
                for name, (_, decimals) in COLUMNS.items()
            ]
            count = max(cell["tasks"] for cell in cells.values())
            lines.append("| " + " | ".join([protocol, backbone, called, str(count), *shown]) + " |")
    return "\n".join(lines)


def page(text: str, numbers: str) -> str:
    """The page with the table between its marks, at the end where it has none yet."""
    if START not in text:
        text = f"{text.rstrip()}\n\n## Numbers\n\nMean and 95 % interval, cut at the best and the worst value of the metric; `–`: not measured there.\n\n{START}\n{END}\n"
    before, rest = text.split(START)
    return f"{before}{START}\n{numbers}\n{END}{rest.split(END)[1]}"


def _results(method: Path) -> Iterator[tuple[str, str, Any]]:
    for (backbone, protocol), path in newest_results(method).items():
        facts = json.loads((path / "run.json").read_text(encoding="utf-8"))["method"].get("facts", {})
        yield protocol, _named(backbone, facts), read_cells(path / "summary.json")


def _named(backbone: str, facts: dict[str, Any]) -> str:
    """Its weights, where the run says which, as the same backbone has several."""
    if backbone == "none":
        return ""
    return str((facts.get("backbone") or {}).get("weights") or backbone)


def main() -> None:
    """Print, or write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    for path in sorted((ROOT / "baselines").glob("*/README.md")):
        numbers = table(ROOT / "submissions", path.parent.name)
        if write:
            path.write_text(page(path.read_text(encoding="utf-8"), numbers), encoding="utf-8")
        else:
            print(f"{path.parent.name}\n{numbers}\n")  # noqa: T201


if __name__ == "__main__":
    main()
