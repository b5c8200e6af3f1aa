"""Which slow tests test the code that has changed since a commit.

Usage: changed_code.py slow|documented BASE. Prints what to give to pytest, one a line; nothing when nothing that they test has
changed, and all of it when BASE is no commit of this checkout (the first push of a branch, a history written anew).
"""

from __future__ import annotations

import re
import subprocess
import sys

EVERYTHING = (
    r"pyproject\.toml",
    r"tests/conftest\.py",
    r"mebench/\w+\.py",
    r"\.github/(workflows/tests\.yml|scripts/changed_code\.py)",
)
"""Patterns of paths on which all tests rest: what is installed, how tests are run, the lowest floor of the house."""

TESTED: dict[str, dict[str, tuple[str, ...]]] = {
    "slow": {
        "tests/backbones": (r"mebench/(backbones|weights|methods|magnification|runs)/", r"baselines/"),
        "tests/datasets": (r"mebench/(datasets|protocol|runs|leaderboard)/", r"site/"),
        "tests/detectors": (r"mebench/(detectors|magnification)/",),
        "tests/fuzz": (r"mebench/(datasets|protocol|leaderboard|runs)/",),
        "tests/leaderboard": (r"mebench/(leaderboard|runs|protocol|methods)/", r"protocols/", r"site/"),
        "tests/runs": (r"mebench/(runs|datasets|protocol|methods|metrics)/", r"benchmarks/fault"),
        "tests/test_reproducible_wheel.py": (
            r"mebench/",
            r"docs/(metrics|images)/",
            r"(protocols|baselines|site|rounds)/",
        ),
    },
    "documented": {
        "tests/test_docs_commands_run.py": (
            r"(README|CONTRIBUTING)\.md",
            r"docs/",
            r"baselines/",
            r"protocols/",
            r"mebench/cli/",
            r"tests/(documented|test_docs_commands)",
        ),
    },
}
"""By suite and by what pytest is given: patterns of the paths that it tests, besides its own."""


def chosen(suite: str, changed: list[str] | None) -> list[str]:
    """What of a suite tests the changed paths. changed: None when they are unknown."""
    tests = TESTED[suite]
    if changed is None or _any(EVERYTHING, changed):
        return list(tests)
    return [test for test, paths in tests.items() if _any((re.escape(test), *paths), changed)]


def _any(patterns: tuple[str, ...], changed: list[str]) -> bool:
    return any(re.match(pattern, path) for pattern in patterns for path in changed)


def changed_paths(base: str) -> list[str] | None:
    """Paths that differ between HEAD and where it left ``base``; None when that is no known commit. CalledProcessError when
    git cannot tell."""
    known = (
        re.fullmatch(r"[0-9a-f]{40}", base)
        and not subprocess.run(["git", "cat-file", "-e", f"{base}^{{commit}}"], capture_output=True).returncode
    )
    if not known:
        return None
    command = ["git", "diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")[:-1]


def main() -> None:
    """Ask git, which only reads."""
    suite, base = sys.argv[1:]
    for test in chosen(suite, changed_paths(base)):
        print(test)  # noqa: T201


if __name__ == "__main__":
    main()
