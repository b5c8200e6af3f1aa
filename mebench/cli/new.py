"""``mebench new``: the files to begin with."""

from __future__ import annotations

import shlex
from pathlib import Path

import typer

app = typer.Typer(no_args_is_help=True, help="Write the files to begin with: a method of your own.")


@app.callback()
def new() -> None:
    """Write the files to begin with: a method of your own."""


@app.command("method", short_help="Write a method of about 20 lines, to be changed.")
def method(
    name: str = typer.Argument(..., help="Its name: lower-case letters, digits and '-'."),
    like: str | None = typer.Option(None, "--like", help="Copy the parts of this baseline instead of writing a class."),
    out: Path | None = typer.Option(None, "--out", "-o", help="Folder to write. Default: the name."),
) -> None:
    """Write a complete method of about 20 lines, to be changed, and say how to run it.

    Examples:

      mebench new method mine

      mebench new method mine --like magplus
    """
    from mebench.methods.scaffold import new_method

    folder = out or Path(name)
    for path in new_method(name, folder, like):
        typer.echo(f"written: {path}")
    typer.echo(f"next:    mebench run --method {shlex.quote(str(folder))}/")
