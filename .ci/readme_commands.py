"""Print the commands of the README that stand in ``bash`` blocks marked as tested, in their order."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def commands(text: str) -> list[str]:
    """The bodies of all fenced blocks that start with ```` ```bash tested ````."""
    return [block.strip() for block in re.findall(r"```bash tested\n(.*?)```", text, flags=re.DOTALL)]


if __name__ == "__main__":
    found = commands(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if len(found) < 2:
        sys.exit(f"{sys.argv[1]} holds {len(found)} tested blocks; the two commands of the first screen are expected.")
    sys.stdout.write("\n".join(found) + "\n")
