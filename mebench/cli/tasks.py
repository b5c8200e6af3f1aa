"""``mebench tasks``: a protocol's tasks as files for programs outside mebench."""

from __future__ import annotations

from pathlib import Path

import typer

from mebench.cli import completion

app = typer.Typer(
    no_args_is_help=True, help="Take the tasks of a protocol to programs outside mebench.", rich_markup_mode=None
)


@app.callback()
def _group() -> None:
    """Keeps ``export`` a command of its own while it is the only one."""


@app.command(short_help="Write pictures, clips and a list of tasks.")
def export(
    protocol: str = typer.Argument(
        ..., autocompletion=completion.protocols, help="A protocol's name, or the path of a YAML file."
    ),
    folder: Path = typer.Argument(..., help="Folder for the tasks."),
    frames: bool = typer.Option(False, "--frames", help="Write driving clips as PNG files too."),
    private: bool = typer.Option(False, "--private", help="Write frames that may not leave this machine."),
) -> None:
    """Write source pictures, driving clips and a list of tasks, for any system in any language.

    Make one video a task from them, then score the videos with `mebench score`.

    Example: mebench tasks export open-mini mini
    """
    from mebench.cli.progress import drawn
    from mebench.runs.export import export_tasks

    with drawn() as progress:
        done = export_tasks(protocol, folder, frames=frames, private=private, progress=progress)
    for name, licence in done.licences.items():
        typer.echo(f"{name}: {licence}")
    typer.echo(f"{done.tasks} tasks in {done.folder}; {done.folder / 'README.md'} says what to return")
    typer.echo(f"next: mebench score VIDEOS --protocol {protocol} --name NAME")
