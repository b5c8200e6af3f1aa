"""``mebench au table`` and ``mebench au compare``: what evaluations of detectors left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer


def table(
    files: list[Path] = typer.Argument(
        ..., metavar="FILE", help="Files that mebench au eval --out wrote, of one protocol."
    ),
) -> None:
    """Print several evaluations as one table, the floors once.

    Example: mebench au table small.json large.json
    """
    from mebench.detectors.table import definitions, joined, markdown

    typer.echo(markdown(joined([_evaluation(path) for path in files])))
    typer.echo(definitions())


def compare(
    detector: str = typer.Argument(..., help="The detector, such as miacnet."),
    first: Path = typer.Argument(..., help="A file that mebench au eval --out wrote."),
    second: Path = typer.Argument(..., help="Another one, on the same clips."),
    other: str | None = typer.Option(None, "--with", help="The detector of the second file, where it is another."),
) -> None:
    """Print how far two evaluations differ, with an interval over people.

    Example: mebench au compare miacnet scratch.json pretrained.json
    """
    from mebench.detectors.difference import differences, read_decided

    sides = read_decided(_evaluation(first), detector), read_decided(_evaluation(second), other or detector)
    people = len(set(sides[0].people))
    typer.echo(
        f"{len(sides[0].people)} test clips of {people} people; seeds: {len(sides[0].seeds)}, {len(sides[1].seeds)}"
    )
    typer.echo(f"{'':12}{'first':>9}{'second':>9}{'change':>9}   95 % interval over people")
    for name, found in differences(*sides).items():
        row = "".join(f"{value:9.3f}" for value in (found.first, found.second))
        typer.echo(f"{name:12}{row}{found.difference:+9.3f}   {found.low:+.3f} to {found.high:+.3f}")


def _evaluation(path: Path) -> dict[str, Any]:
    import json

    from mebench.errors import InputError

    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no file that mebench au eval --out wrote: {error}.") from error
    return found
