"""The tables of the README, of the findings and of the baselines' pages are those that the submissions give."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from mebench.leaderboard.folder import read_submission

ROOT = Path(__file__).parents[1]


def script(name: str) -> ModuleType:
    if str(ROOT / "benchmarks") not in sys.path:
        sys.path.append(str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclasses look it up
    spec.loader.exec_module(module)
    return module


def test_the_board_of_the_readme_is_that_of_the_submissions() -> None:
    board = script("readme_board")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = board.board(ROOT / "submissions")
    assert table.count("\n") > 5
    assert board.with_board(readme, table) == readme, "run: python benchmarks/readme_board.py --write"


def test_every_row_of_the_readme_was_generated_again() -> None:
    cells = script("submitted_cells")
    tiers = {}
    for method in sorted(path for path in (ROOT / "submissions").iterdir() if path.is_dir()):
        for (_, protocol), folder in cells.newest_results(method).items():
            if protocol == "open-mini":
                tiers[f"{method.name}, {folder.name}"] = read_submission(folder.parents[1]).tiers[folder.name]
    assert len(tiers) > 15
    assert {name for name, tier in tiers.items() if tier != "re-run"} == set(), "or change the sentence above the board"


def test_the_findings_are_those_of_the_submissions() -> None:
    findings = script("findings")
    page = findings.PAGE.read_text(encoding="utf-8")
    assert findings.with_tables(page) == page, "run: python benchmarks/findings.py --write"


def test_the_numbers_of_the_baselines_are_those_of_the_submissions() -> None:
    numbers = script("baseline_numbers")
    pages = sorted((ROOT / "baselines").glob("*/README.md"))
    assert len(pages) >= 14
    for path in pages:
        table = numbers.table(ROOT / "submissions", path.parent.name)
        assert table.count("\n") > 1, f"{path.parent.name} has no submitted result"
        text = path.read_text(encoding="utf-8")
        assert numbers.page(text, table) == text, "run: python benchmarks/baseline_numbers.py --write"
