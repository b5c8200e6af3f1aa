"""The command that goes on with a run folder where it lies."""

from __future__ import annotations

import re
import shlex
from pathlib import Path


def options_of(folder: Path, *, bounds: bool) -> str:
    """What the command of a run lacks so that it goes on in this very ``folder``: where it lies, which part of the run it is,
    and whether floor and ceiling are left out. With a space before each; empty where nothing is lacking.

    >>> options_of(Path("runs/still--none--open-mini--ab"), bounds=True)
    ''
    >>> options_of(Path("my disk/still--none--open-mini--ab.shard-2-of-7"), bounds=False)
    " --out 'my disk' --shard 2/7 --no-bounds"
    """
    parts = [] if folder.parent == Path("runs") else ["--out", str(folder.parent)]
    if shard := re.search(r"\.shard-(\d+)-of-(\d+)$", folder.name):
        parts += ["--shard", f"{shard[1]}/{shard[2]}"]
    parts += [] if bounds else ["--no-bounds"]
    return "".join(f" {shlex.quote(part)}" for part in parts)
