"""``mebench score``: videos made outside mebench."""

from __future__ import annotations

from pathlib import Path

import typer

from mebench.cli import completion


def score(
    folder: Path = typer.Argument(..., help="Folder with one video (or folder of frames) a task, named by its key."),
    protocol: str = typer.Option(
        ...,
        "--protocol",
        "-p",
        autocompletion=completion.protocols,
        help="The protocol that the tasks were exported from.",
    ),
    name: str = typer.Option(..., "--name", help="What to call the method: a-z, 0-9 and -."),
    jobs: int | None = typer.Option(None, "--jobs", "-j", help="Processes. Default: one a core, at most 8."),
    out: Path = typer.Option(Path("runs"), "--out", "-o", help="Folder in which run folders are kept."),
    bounds: bool = typer.Option(True, help="Score floor and ceiling on the same tasks (once per machine)."),
    json_: bool = typer.Option(False, "--json", help="Print the summary as JSON instead of a table."),
) -> None:
    """Score videos that anybody made from exported tasks, in any language or closed system.

    Missing, short or misshapen videos count as failed, with the reason in scores.csv. The result is a run like any
    other, with tables and a page.

    Example: mebench score videos --protocol open-mini --name my-method
    """
    from mebench.cli.progress import drawn
    from mebench.runs.external import score_folder

    with drawn() as progress:
        scored = score_folder(folder, protocol, name, out=out, jobs=jobs, bounds=bounds, progress=progress)
    for label, keys in (("without a video", scored.missing), ("not the name of a task", scored.unused)):
        if keys:
            more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
            typer.echo(f"{label}: {', '.join(keys[:5])}{more}", err=True)
    if json_:
        import json

        typer.echo(json.dumps(scored.result.summary, indent=2, ensure_ascii=False))
        return
    from mebench.runs.table import print_result

    print_result(scored.result)
