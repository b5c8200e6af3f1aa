"""``mebench data``: look at datasets and check them."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(no_args_is_help=True, help="Datasets: look at them and check them.")


@app.command()
def preview(
    name: str = typer.Argument("synme", help="The dataset; synme is the one that can be shown."),
    out: Path = typer.Option(Path("preview"), "--out", "-o", help="Folder for the contact sheet and the video."),
    people: int = typer.Option(6, min=1, max=8, help="Portraits a domain."),
) -> None:
    """Write a contact sheet and a video of a dataset.

    Example: mebench data preview synme --out preview
    """
    from mebench.errors import ConfigError

    if name != "synme":
        raise ConfigError(f"there is no preview of '{name}'; known: synme.")
    from mebench.datasets.synme.preview import write_preview

    sheet, video = write_preview(out, people, say=lambda text: typer.echo(text, err=True))
    typer.echo(f"{sheet}\n{video}")
    typer.echo("next: mebench run --method flow-transfer", err=True)


@app.command()
def check(name: str = typer.Argument("", help="The dataset; all when left out.")) -> None:
    """Say what of a dataset is there and what is missing.

    Example: mebench data check synme
    """
    from mebench import registry

    complete = True
    for each in [name] if name else registry.names("datasets"):
        report = registry.load("datasets", each)().check()
        typer.echo(f"{each}: {'complete' if report.complete else 'incomplete'}")
        for line in report.lines:
            typer.echo(f"  {line}")
        complete &= report.complete
    if not complete:
        raise typer.Exit(1)
