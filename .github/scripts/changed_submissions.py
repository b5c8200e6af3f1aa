"""Which submissions a pull request adds. Refuses one that does anything else: changes what is there, or touches code.

Usage: changed_submissions.py CHECKOUT BASE_SHA REPORT. Prints one folder a line, below the checkout. A refusal is written into
REPORT, the comment on the pull request, and it leaves with 1.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from mebench.leaderboard.report import code_span

NAME = re.compile(r"[0-9a-z][0-9a-z.-]{0,39}")


def folders(changes: list[tuple[str, str]]) -> list[str]:
    """The added submissions of (status, path) as ``git diff --name-status`` tells them; SystemExit with the reason."""
    found = set()
    for status, path in changes:
        parts, shown = PurePosixPath(path).parts, repr(path[:120])
        if parts[0] != "submissions" or len(parts) < 4 or not all(NAME.fullmatch(part) for part in parts[1:3]):
            sys.exit(f"{shown} lies in no submissions/<method>/<version>/: submit code in a pull request of its own.")
        if status != "A":
            sys.exit(f"{shown} is there already: submissions are never changed, add a version that supersedes it.")
        if parts[3] == "trust.json":
            sys.exit(f"{shown} is written by the maintainers alone.")
        found.add("/".join(parts[:3]))
    return sorted(found)


def main() -> None:
    """Ask git, which only reads."""
    checkout, base, report = sys.argv[1:]
    command = ["git", "-C", checkout, "diff", "--name-status", "--no-renames", "-z", f"{base}...HEAD"]
    cells = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]
    try:
        found = folders(list(zip(cells[::2], cells[1::2], strict=True)))
    except SystemExit as refusal:
        Path(report).write_text(f"### Refused before the verifier\n\n{code_span(str(refusal))}\n", encoding="utf-8")
        raise
    print("\n".join(found))  # noqa: T201


if __name__ == "__main__":
    main()
