"""``mebench data``: add recorded databases, check them, say what their licences allow, and dress the open set as them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from mebench.cli import completion

app = typer.Typer(no_args_is_help=True, help="Datasets: add them, check them, look at them.", rich_markup_mode=None)

_NAME = typer.Argument(..., autocompletion=completion.datasets, help="The dataset; mebench list datasets shows all.")


@app.command()
def add(
    name: str = _NAME,
    path: Path = typer.Argument(..., help="The folder that holds its annotation and its frames, as distributed."),
    publishable: list[str] = typer.Option([], "--publishable", help="A subject whom the owner allows to be shown."),
    corrections: bool = typer.Option(True, help="Apply the published corrections of labels."),
    exclude: list[str] = typer.Option([], "--exclude", help="Leave out this clip, by its key."),
    problems: bool = typer.Option(
        False, "--exclude-problems", help="Leave out the clips that the owners' own lists of problems name."
    ),
    links: bool = typer.Option(False, "--follow-links", help="Follow links that lead out of the folder."),
) -> None:
    """Tell mebench where a recorded database lies. Nothing is copied.

    Example: mebench data add casme2 /data/CASME2
    """
    from mebench import registry
    from mebench.datasets import installed
    from mebench.errors import ConfigError

    dataset = registry.load("datasets", name)
    if not hasattr(dataset, "installation") and not hasattr(dataset, "available"):
        raise ConfigError(f"the dataset '{name}' needs no folder; it is here.")
    entry = installed.Installation(path, tuple(publishable), corrections, tuple(exclude), problems, links)
    report = dataset(entry).check() if path.is_dir() else None
    if report is None or report.level < 2:
        installed.add(name, entry)
    if report is None:
        return
    _print(name, report.lines)
    if report.level == 2:
        typer.echo(f"{name} was not added", err=True)
        raise typer.Exit(2)
    typer.echo(f"next: mebench data terms {name}", err=True)


@app.command()
def remove(name: str = _NAME) -> None:
    """Forget where a database lies. Its files stay."""
    from mebench.datasets import installed

    installed.remove(name)
    typer.echo(f"{name} was removed from the list; its files are untouched")


@app.command(short_help="Say what of a dataset is there and what is missing.")
def check(
    name: str = typer.Argument("", help="The dataset; all that are here when left out."),
    deep: bool = typer.Option(False, "--deep", help="Decode every frame."),
    faces: bool = typer.Option(False, "--faces", help="Look for a face on every onset frame."),
    json_: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Say what of a dataset is there, what is missing, and which labels were corrected.

    Exit code 0: clean. 1: findings beyond what is known of the release. 2: unusable.

    Example: mebench data check casme2
    """
    import json

    from mebench import registry
    from mebench.datasets.recorded import Recorded

    level, found = 0, {}
    for each in [name] if name else registry.names("datasets"):
        dataset = registry.load("datasets", each)()
        if not name and not getattr(dataset, "available", True):
            continue
        more = {"deep": deep, "faces": faces} if isinstance(dataset, Recorded) else {}
        report = dataset.check(**more)
        level = max(level, report.level if report.complete else report.level or 1)
        found[each] = {"complete": report.complete, "level": report.level, "lines": report.lines, **report.details}
        if not json_:
            typer.echo(f"{each}: {'complete' if report.complete else 'incomplete'}")
            _print("", report.lines)
    if json_:
        typer.echo(json.dumps(found, indent=2))
    if level:
        raise typer.Exit(level)


@app.command(short_help="Say what the licence of a dataset allows.")
def terms(name: str = _NAME, json_: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Say what the licence of a dataset allows, and what mebench shows of it.

    Example: mebench data terms casme2
    """
    import json
    from dataclasses import asdict

    from mebench import registry

    found = registry.load("datasets", name)().terms
    if json_:
        value = {**asdict(found), "publishable_subjects": sorted(found.publishable_subjects)}
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
        return
    typer.echo(f"licence: {found.licence}")
    if found.access:
        typer.echo(f"asked for at: {found.access}")
    if found.text:
        typer.echo(found.text)
    typer.echo(f"frames on pages and in submissions: {_allowed(found.may_show_frames, found)}")
    typer.echo(f"clips generated from it: {_allowed(found.may_show_generated, found)}")
    if not found.may_show_frames:
        stand_in = "arrows of the measured motion" if found.may_show_motion else "nothing"
        typer.echo(f"in their place: {stand_in}; scores and plots are always shown")


@app.command(short_help="Write rendered clips in the layout of a recorded database.")
def export(
    name: str = typer.Argument("synme", help="The dataset; synme is the one that may be exported."),
    folder: Path = typer.Argument(..., help="A new folder."),
    as_: str = typer.Option(..., "--as", help="The database whose layout and annotation format is written."),
    people: int = typer.Option(2, min=1, max=8, help="Persons."),
    clips: int = typer.Option(2, min=1, help="Clips a person."),
) -> None:
    """Write rendered clips in the layout and annotation format of a recorded database, quirks included.

    Example: mebench data export synme --as casme2 fake-casme2
    """
    from mebench.datasets.clothes.dress import CLOTHES, dress
    from mebench.datasets.synme.dataset import Synme
    from mebench.errors import ConfigError

    if name != "synme":
        raise ConfigError(f"'{name}' may not be exported; known: synme.")
    if as_ not in CLOTHES:
        raise ConfigError(f"there are no clothes of '{as_}'; known: {', '.join(CLOTHES)}.")
    chosen = [
        clip
        for clip in Synme().clips(domains=[CLOTHES[as_].domain], per_identity=clips)
        if int(clip.subject.rpartition("-")[2]) < people
    ]
    typer.echo(f"rendering {len(chosen)} clips", err=True)
    count = dress(as_, chosen, folder)
    typer.echo(f"{count} clips in {folder}")
    typer.echo(f"next: mebench data add {as_} {folder}", err=True)


@app.command(short_help="Print how often each action unit comes in synme.")
def priors() -> None:
    """Print how often each action unit comes in the domains of synme, as tables in Markdown.

    Example: mebench data priors > priors.md
    """
    from mebench.datasets.priors import table

    typer.echo(table(), nl=False)


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


def _print(name: str, lines: tuple[str, ...]) -> None:
    from mebench.names import visible

    for line in (f"{name}:", *lines) if name else lines:
        typer.echo(f"  {visible(line)}" if line != f"{name}:" else line)


def _allowed(always: bool, found: Any) -> str:
    if always:
        return "may be shown"
    if found.publishable_subjects:
        return f"of the subjects {', '.join(sorted(found.publishable_subjects))} alone"
    return "are not shown"
