"""``mebench merge``."""

from __future__ import annotations

from pathlib import Path

import typer


def merge(
    parts: list[Path] = typer.Argument(..., metavar="PART", help="Folders that mebench run --shard wrote."),
    out: Path = typer.Option(Path("runs"), "--out", "-o", help="Folder in which run folders are kept."),
) -> None:
    """Put the parts of a run together: the same scores as in one piece.

    Example: mebench merge runs/*.shard-*-of-4
    """
    from mebench.cli.progress import drawn
    from mebench.runs.shards import merge as together
    from mebench.runs.table import print_result

    with drawn() as progress:
        result = together(parts, out=out, progress=progress)
    print_result(result)
