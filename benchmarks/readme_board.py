"""The board of the README, from ``submissions/``: cross-identity tasks of open-mini, smallest gain error first.

``direct`` and ``magplus`` stand there with every backbone, the other methods with FOMM; the site has all rows.

python benchmarks/readme_board.py            # print it
python benchmarks/readme_board.py --write    # put it between the marks in README.md
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from submitted_cells import estimate, newest_results, read_cells

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL, KIND = "open-mini", "cross"
COLUMNS = {
    "gain": ("gain", 2),
    "gain_error": ("gain error (octaves)", 2),
    "profile": ("profile", 2),
    "spill": ("spill", 2),
    "flow_epe": ("flow error (milli-inter-ocular)", 1),
    "au_f1": ("judges' F1", 2),
    "csim[dlib]": ("csim (dlib)", 3),
}
"""Metric: heading and decimals."""
START, END = "<!-- board: python benchmarks/readme_board.py --write -->", "<!-- end of the board -->"

EVERYWHERE, SHORT = ("direct", "magplus"), ("fomm", "fpb-fomm", "none")
"""Methods that are shown with every backbone, and the backbones of the others."""

Cells = dict[str, dict[str, Any]]


def results(tree: Path) -> list[tuple[str, str, str, Cells]]:
    """Method, backbone, role and cells of every result on the protocol, the newest of each."""
    found = []
    for method in sorted(path for path in tree.iterdir() if path.is_dir()):
        for (backbone, protocol), folder in newest_results(method).items():
            if protocol != PROTOCOL:
                continue
            card = (folder.parents[1] / "card.yaml").read_text(encoding="utf-8")
            adapted = "\ntrack: adapted" in card
            role = re.search(r"^role: (\w+)", card, flags=re.MULTILINE)
            chosen = {
                metric: cell
                for (metric, kind, domain), cell in read_cells(folder / "summary.json").items()
                if (kind, domain) == (KIND, None)
            }
            name = f"{method.name} (adapted to each clip: a track of its own)" if adapted else method.name
            found.append((name, backbone, role[1] if role else "method", chosen))
    return found


def board(tree: Path) -> str:
    """The table, in Markdown; floor and ceiling first and last."""
    found = results(tree)
    competing = [row for row in found if row[2] not in ("floor", "ceiling")]
    competing = [row for row in competing if row[0] in EVERYWHERE or row[1] in SHORT]
    competing.sort(key=lambda row: (row[3]["gain_error"]["value"]["mean"], row[:2]))
    lines = ["| " + " | ".join(["method", "backbone", *(title for title, _ in COLUMNS.values())]) + " |"]
    lines.append("|---" * (len(COLUMNS) + 2) + "|")
    bounds = found[0][3]
    lines.append(_line("*floor: still source*", "", bounds, "floor"))
    for method, backbone, _, cells in competing:
        shown = "" if backbone == "none" else f"{backbone}-lite"
        lines.append(_line(method, shown, cells, "value"))
    lines.append(_line("*ceiling: true answer*", "", bounds, "ceiling"))
    return "\n".join(lines)


def _line(method: str, backbone: str, cells: Cells, which: str) -> str:
    shown = [estimate(cells[name][which], name, decimals) for name, (_, decimals) in COLUMNS.items()]
    return "| " + " | ".join([method, backbone, *shown]) + " |"


def with_board(readme: str, table: str) -> str:
    """The README with the table between its marks."""
    before, rest = readme.split(START)
    return f"{before}{START}\n{table}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Print, or write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    table = board(ROOT / "submissions")
    if parser.parse_args().write:
        path = ROOT / "README.md"
        path.write_text(with_board(path.read_text(encoding="utf-8"), table), encoding="utf-8")
    else:
        print(table)  # noqa: T201


if __name__ == "__main__":
    main()
