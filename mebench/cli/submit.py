"""``mebench submit``: finished runs as a folder for a pull request."""

from __future__ import annotations

from pathlib import Path

import typer


def submit(
    runs: list[Path] = typer.Argument(..., metavar="RUN", help="Folders of finished runs of one method."),
    name: str = typer.Option(..., "--name", help="Name of the method on the board: a-z, 0-9 and '-'."),
    version: str | None = typer.Option(None, "--version", help="Default: the next whole number."),
    supersedes: str | None = typer.Option(
        None,
        "--supersedes",
        help="Version that this one replaces. Default: the newest on the same protocol and backbone. 'none': it adds.",
    ),
    card: Path | None = typer.Option(None, "--card", help="The card (YAML); default: the card of method.yaml."),
    out: Path = typer.Option(Path("submissions"), "--out", help="The tree of submissions."),
    films: int = typer.Option(2, min=0, max=2, help="Clips of each run for the player, where licences allow them."),
    films_on: list[str] | None = typer.Option(
        None, "--films-on", help="Protocol whose runs have them (may be repeated). Default: all."
    ),
    aggregates_only: bool = typer.Option(
        False, "--aggregates-only", help="Of licensed faces: means of each dataset, and nothing about a single clip."
    ),
) -> None:
    """Write submissions/NAME/VERSION from finished runs, and say what to type next. Nothing that is there is changed.

    Example: mebench submit runs/mine--fomm--open-mini--1234abcd --name mine
    """
    from mebench.leaderboard.submit import submit as write

    done = write(
        runs,
        name,
        version=version,
        supersedes=supersedes,
        card=card,
        out=out,
        films=films,
        films_on=films_on or None,
        aggregates_only=aggregates_only,
    )
    typer.echo(f"written: {done.folder}")
    for note in done.notes:
        typer.echo(f"note: {note}")
    typer.echo("next:")
    for command in done.commands:
        typer.echo(f"  {command}")
