"""Verify the submissions of a pull request with the mebench of the base branch, and write the comment for it.

Usage: verify_changed.py BASE CHECKOUT FOLDERS REPORT. Leaves with 1 when any is refused.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from mebench.leaderboard.limits import listing
from mebench.leaderboard.report import markdown
from mebench.leaderboard.verify import verify


def main() -> None:
    """Copies of each submission are held against the tree of the base branch, where the others lie."""
    base, checkout, listed, report = map(Path, sys.argv[1:])
    texts, ok = [], True
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "submissions"
        shutil.copytree(base / "submissions", tree)
        for name in listed.read_text("utf-8").split():
            found = checkout / name
            target = Path(folder) / name
            if not listing(found).problems:  # plain, bounded files alone
                shutil.copytree(found, target)
            checked = verify(target if target.exists() else found, others=tree)
            texts.append(markdown(checked, tree))
            ok &= checked.ok
    report.write_text("\n\n".join(texts) or "No submission was found.", encoding="utf-8")
    sys.exit(0 if ok and texts else 1)


if __name__ == "__main__":
    main()
