"""``mebench study``: what people see, and what they prefer."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Let people choose between outputs, and hold metrics against their choices.",
    rich_markup_mode=None,
)


@app.command(short_help="Write the page on which people choose.")
def build(
    runs: list[Path] = typer.Argument(..., metavar="RUN", help="Folders of finished runs on one open protocol."),
    out: Path = typer.Option(..., "--out", "-o", help="A new folder for the study."),
    trials: int = typer.Option(45, "--trials", min=1, help="Pairs that each rater sees."),
    checks: int = typer.Option(8, "--checks", min=5, help="Attention checks among them."),
    seed: int = typer.Option(0, "--seed", min=0, help="Chooses tasks and orders."),
) -> None:
    """Write a page on which people choose between two outputs, a sheet for coders, and the key to both.

    Example: mebench study build runs/MAGPLUS runs/DIRECT --out study
    """
    from mebench.cli.progress import drawn
    from mebench.leaderboard.study.build import build_study

    with drawn() as progress:
        done = build_study(runs, out, trials=trials, checks=checks, seed=seed, progress=progress)
    for line in done.left_out[:5]:
        typer.echo(f"left out: {line}", err=True)
    size = done.page.stat().st_size / 1e6
    typer.echo(f"{done.page}: {done.trials} pairs and {checks} checks, {size:.1f} MB; open it in a browser, or send it")
    typer.echo(f"{done.coder}: clips and a sheet for coders")
    typer.echo(f"{done.key}: says which output is whose; keep it from raters and coders")
    typer.echo(f"next: mebench study score ANSWERS... --key {done.key}")


@app.command(short_help="Rank the methods by people's choices.")
def score(
    answers: list[Path] = typer.Argument(
        ..., metavar="ANSWERS", help="Files of raters (.json) and coders (.csv, .xlsx)."
    ),
    key: Path = typer.Option(..., "--key", help="The key.json of the study."),
    json_: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Rank the methods by people's choices, and say how well each metric agrees with them.

    Example: mebench study score answers-*.json --key study/key.json
    """
    import json

    from mebench.leaderboard.study.score import score_study
    from mebench.leaderboard.study.words import lines

    found = score_study(answers, key)
    if json_:
        typer.echo(json.dumps(found.record(), indent=2, ensure_ascii=False))
        return
    for line in lines(found):
        typer.echo(line)
