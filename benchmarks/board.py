"""Compute the rows of the board: every baseline with every backbone that it takes, on every open protocol.

    python benchmarks/board.py runs/board --jobs 2             # finished runs are kept; start it again after an interruption
    python benchmarks/board.py runs/board --only magplus,still
    python benchmarks/board.py runs/board --submit submissions  # then write one submission a method, and verify each

All of it takes a night. A submission carries one film a backbone, of open-mini, so that the tree stays small.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

PIPELINES = (
    "direct",
    "magplus",
    "magplus-only",
    "warp-demag",
    "phase-demag",
    "eulerian-demag",
    "oh2018-demag",
    "magplus-tta",
)
"""Methods that take every backbone."""
SCALED = "keypoint-scaling"
"""It multiplies the motion inside the backbone, so it takes one that can: FOMM."""
NO_BACKBONE = ("still", "truth", "driving-copy", "flow-transfer")
BACKBONES = ("fomm", "metaportrait", "fsrt", "emoportraits")
MINI = "open-mini"
PROTOCOLS = (MINI, "open-self-reenactment", "open-cross-identity")
"""A look at everything; sixty clips of themselves for answers by action unit and amplitude; pairs whose intervals are two-way."""

Row = tuple[str, str | None, str]


def rows() -> list[Row]:
    """Method, backbone and protocol of every run, the cheap protocol first."""
    alone: list[tuple[str, str | None]] = [(name, None) for name in NO_BACKBONE]
    crossed = [(name, backbone) for name in PIPELINES for backbone in BACKBONES]
    field = [*alone, *crossed, (SCALED, "fomm"), ("fpb-fomm", "fpb-fomm")]
    return [(*row, protocol) for protocol in PROTOCOLS for row in field]


def run(row: Row, out: Path, jobs: int) -> Path | None:
    """The folder of one run, finished; None when it failed, with its message on standard error."""
    method, backbone, protocol = row
    given = ["--backbone", backbone] if backbone else []
    command = [sys.executable, "-m", "mebench", "run", "--method", method, *given, "--protocol", protocol]
    print("$ mebench", *command[3:], flush=True)  # noqa: T201
    done = subprocess.run(
        [*command, "--out", str(out), "--jobs", str(jobs), "--json"], stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        return None
    return Path(json.loads(done.stdout)["folder"])


def submit(folders: Iterable[Path], tree: Path, rerun: int) -> int:
    """One submission a method, verified; how many of the methods failed."""
    by_method: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        by_method[json.loads((folder / "run.json").read_text())["method"]["name"]].append(str(folder))
    failed = 0
    for name, found in by_method.items():
        mebench = [sys.executable, "-m", "mebench"]
        films = (
            ["--films", "1", "--films-on", MINI] if any(f"--{MINI}--" in each for each in found) else ["--films", "0"]
        )
        made = subprocess.run([*mebench, "submit", *found, "--name", name, *films, "--out", str(tree)])
        newest = max((tree / name).iterdir(), key=lambda path: int(path.name))
        check = ["--rerun", str(rerun), "--record"] if rerun else []
        failed += bool(made.returncode or subprocess.run([*mebench, "verify", str(newest), *check]).returncode)
    return failed


def main() -> None:
    """Parse, run, submit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="where the run folders are kept")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="methods, with commas; all when left out")
    parser.add_argument("--backbones", default="", help="rows with these alone, with commas; all when left out")
    parser.add_argument("--protocol", default="", help="rows of this protocol alone")
    parser.add_argument("--submit", type=Path, metavar="TREE", help="write submissions into this tree")
    parser.add_argument("--rerun", type=int, default=5, help="tasks of each result that are generated again")
    args = parser.parse_args()
    only, backbones = (set(filter(None, words.split(","))) for words in (args.only, args.backbones))
    wanted = (only, backbones, {args.protocol} - {""})
    chosen = [row for row in rows() if all(not names or row[i] in names for i, names in enumerate(wanted))]
    folders = {row: run(row, args.out, args.jobs) for row in chosen}
    missing = [row for row, folder in folders.items() if folder is None]
    for method, backbone, protocol in missing:
        print(f"failed: {method} {backbone or ''} {protocol}", file=sys.stderr)  # noqa: T201
    failed = submit([folder for folder in folders.values() if folder], args.submit, args.rerun) if args.submit else 0
    sys.exit(1 if missing or failed else 0)


if __name__ == "__main__":
    main()
