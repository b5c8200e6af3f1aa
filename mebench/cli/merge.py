"""``mebench merge``."""

from __future__ import annotations

from pathlib import Path

import typer


def merge(
    parts: list[Path] = typer.Argument(..., metavar="PART", help="Folders that mebench run --shard wrote."),
    method: Path | None = typer.Option(
        None, "--method", "-m", help="The method.yaml of a method in a Python file of its own; others need none."
    ),
    out: Path = typer.Option(Path("runs"), "--out", "-o", help="Folder in which run folders are kept."),
) -> None:
    """Put the parts of a run together: the same scores as in one piece.

    Examples:

      mebench merge runs/*.shard-*-of-4

      mebench merge runs/*.shard-*-of-4 --method mine/
    """
    from mebench.cli.progress import drawn
    from mebench.runs.shards import merge as together
    from mebench.runs.table import print_result

    with drawn() as progress:
        result = together(parts, out=out, method=method, progress=progress)
    print_result(result)
