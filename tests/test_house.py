"""The house is kept in order: small files, short functions, names that say what is inside."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*ROOT.glob("mebench/**/*.py"), *ROOT.glob("benchmarks/*.py")])

LONGEST_FILE, LONGEST_FUNCTION = 400, 60
REASON = "# Longer than usual:"
"""A file or a function may be longer where this comment says why."""

VAGUE = {"utils.py", "util.py", "helpers.py", "helper.py", "misc.py", "common.py", "core.py", "tools.py"}


def too_long(text: str) -> list[str]:
    """What is longer than it may be, without a reason."""
    lines = text.splitlines()
    found = [f"{len(lines)} lines"] if len(lines) > LONGEST_FILE and REASON not in "\n".join(lines[:40]) else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first, last = node.lineno, node.end_lineno or node.lineno
            if last - first + 1 > LONGEST_FUNCTION and REASON not in "\n".join(lines[first - 1 : last]):
                found.append(f"{node.name} has {last - first + 1} lines")
    return found


def test_an_overlong_function_is_found() -> None:
    body = "".join(f"    x = {n}\n" for n in range(LONGEST_FUNCTION))
    assert too_long(f"def f():\n{body}") == [f"f has {LONGEST_FUNCTION + 1} lines"]
    assert not too_long(f"def f():\n    {REASON} a table.\n{body}")
    assert too_long("x = 1\n" * (LONGEST_FILE + 1)) == [f"{LONGEST_FILE + 1} lines"]


@pytest.mark.parametrize("room", sorted({path.parent for path in FILES}), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(room: Path) -> None:
    found = {path.name: too_long(path.read_text(encoding="utf-8")) for path in room.glob("*.py")}
    assert {name: what for name, what in found.items() if what} == {}


def test_no_file_is_called_after_nothing() -> None:
    assert [path for path in FILES if path.name in VAGUE] == []


@pytest.mark.parametrize("check", [("check",), ("format", "--check")], ids=["lint", "format"])
def test_ruff_finds_nothing(check: tuple[str, ...]) -> None:
    """Notebooks too: they are written by other programs, which format nothing. A method of the reader's that lies beside
    the checkout's own folders is left alone."""
    rooms = [room for room in (".ci", "baselines", "benchmarks", "docs", "mebench", "tests") if (ROOT / room).is_dir()]
    ruff = subprocess.run([sys.executable, "-m", "ruff", *check, *rooms], cwd=ROOT, capture_output=True, text=True)
    assert ruff.returncode == 0, ruff.stdout + ruff.stderr
