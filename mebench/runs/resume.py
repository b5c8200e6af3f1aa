"""The command that goes on with a run folder where it lies."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

_PART = re.compile(r"(.+)\.shard-(\d+)-of-(\d+)$")


def part_of(folder: Path) -> tuple[str, int, int] | None:
    """Of the folder of a part: the name of the whole run, which part it is, and of how many; None for a whole run."""
    found = _PART.match(folder.name)
    return (found[1], int(found[2]), int(found[3])) if found else None


def after_part(folder: Path, command: str) -> str | None:
    """What comes after a finished part: the next one, and after the last one the merge; None for a whole run. command: that of
    the run."""
    part = part_of(folder)
    if part is None:
        return None
    whole, number, count = part
    elsewhere = [] if folder.parent == Path("runs") else ["--out", str(folder.parent)]
    if number < count:
        return f"{command} {shlex.join([*elsewhere, '--shard', f'{number + 1}/{count}'])}"
    words = shlex.split(command)
    method = words[words.index("--method") + 1] if "--method" in words else ""
    own = ["--method", method] if Path(method).exists() and "/" in method else []
    parts = shlex.quote(str(folder.parent / whole)) + f".shard-*-of-{count}"
    return f"mebench merge {shlex.join([*own, *elsewhere])}{' ' if own or elsewhere else ''}{parts}    (once all parts are finished)"


def options_of(folder: Path, *, bounds: bool) -> str:
    """What the command of a run lacks so that it goes on in this very ``folder``: where it lies, which part of the run it is,
    and whether floor and ceiling are left out. With a space before each; empty where nothing is lacking.

    >>> options_of(Path("runs/still--none--open-mini--ab"), bounds=True)
    ''
    >>> options_of(Path("my disk/still--none--open-mini--ab.shard-2-of-7"), bounds=False)
    " --out 'my disk' --shard 2/7 --no-bounds"
    """
    parts = [] if folder.parent == Path("runs") else ["--out", str(folder.parent)]
    if part := part_of(folder):
        parts += ["--shard", f"{part[1]}/{part[2]}"]
    parts += [] if bounds else ["--no-bounds"]
    return "".join(f" {shlex.quote(part)}" for part in parts)
