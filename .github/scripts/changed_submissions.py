"""Which submissions a pull request adds. Refuses one that does anything else: changes what is there, or touches code.

Usage: changed_submissions.py CHECKOUT BASE_SHA. Prints one folder a line, below the checkout.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import PurePosixPath

NAME = re.compile(r"[0-9a-z][0-9a-z.-]{0,39}")


def folders(changes: list[tuple[str, str]]) -> list[str]:
    """The added submissions of (status, path) as ``git diff --name-status`` tells them; SystemExit with the reason."""
    found = set()
    for status, path in changes:
        parts = PurePosixPath(path).parts
        if parts[0] != "submissions" or len(parts) < 4 or not all(NAME.fullmatch(part) for part in parts[1:3]):
            sys.exit(f"{path!r} lies in no submissions/<method>/<version>/: submit code in a pull request of its own.")
        if status != "A":
            sys.exit(f"{path!r} is there already: submissions are never changed, add a version that supersedes it.")
        if parts[3] == "trust.json":
            sys.exit(f"{path!r} is written by the maintainers alone.")
        found.add("/".join(parts[:3]))
    return sorted(found)


def main() -> None:
    """Ask git, which only reads."""
    checkout, base = sys.argv[1:]
    command = ["git", "-C", checkout, "diff", "--name-status", "--no-renames", "-z", f"{base}...HEAD"]
    cells = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]
    print("\n".join(folders(list(zip(cells[::2], cells[1::2], strict=True)))))  # noqa: T201


if __name__ == "__main__":
    main()
