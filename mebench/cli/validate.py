"""``mebench validate``: do the metrics answer as they should?"""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(no_args_is_help=True, help="Check the instruments of the benchmark.", rich_markup_mode=None)


@app.command(short_help="Show what each metric answers and what it is blind to.")
def metrics(
    clips: int = typer.Option(12, "--clips", "-n", help="Clips of the open set to spoil, 2 to 12."),
    out: Path = typer.Option(Path("docs/metrics"), "--out", "-o", help="Folder for the pages."),
    metric: list[str] = typer.Option([], "--metric", "-m", help="These metrics alone; the others keep their answers."),
    pages_only: bool = typer.Option(False, "--pages-only", help="Write the pages anew from the kept sweep."),
) -> None:
    """Spoil perfect outputs by known amounts and write, for each metric, what it answers and what it is blind to.

    Gains from 0 to 2, delay, left-out action units, motion of another place, another person, blur, noise, JPEG, H.264,
    flicker and trembling. About a minute and a half a clip; it can be stopped and goes on where it was.

    Example: mebench validate metrics --clips 12
    """
    from mebench.home import home
    from mebench.runs.validate.pages import summary_lines, write_pages
    from mebench.runs.validate.sweep import sweep
    from mebench.runs.worker import one_thread

    if pages_only:
        written = write_pages(out)
    else:
        with one_thread():
            scores = sweep(clips, home() / "validation", lambda text: typer.echo(text, err=True), metric)
        written = write_pages(out, scores)
        for line in summary_lines(out):
            typer.echo(line)
    typer.echo(f"{len(written)} files in {out}")


@app.command(short_help="Tell people apart with each identity network.")
def identity(
    people: int = typer.Option(16, "--people", "-n", help="People of each of the six domains, 2 to 16."),
    out: Path = typer.Option(Path("docs/metrics"), "--out", "-o", help="Folder for the pages."),
) -> None:
    """Tell people of the open set apart with each identity network, and draw its verification curve.

    Every person is seen twice; pairs of two people are of one domain, in the same light and camera. Networks whose files
    are not on this machine are named and left out. It can be stopped and goes on where it was.

    Example: mebench validate identity --people 16
    """
    from mebench.files import write_json
    from mebench.home import home
    from mebench.runs.validate.identities import verify_networks
    from mebench.runs.validate.pages import VERIFICATION, write_pages
    from mebench.runs.worker import one_thread

    with one_thread():
        found = verify_networks(people, home() / "validation", lambda text: typer.echo(text, err=True))
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / VERIFICATION, found)
    for name, record in found.items():
        typer.echo(
            f"{name}: {len(record['genuine'])} genuine and {len(record['impostor'])} impostor pairs, "
            f"AUC {record['auc']:.4f}, no face in {record['missed']} pictures"
        )
        for rate, threshold, share in zip(record["rates"], record["thresholds"], record["verified"], strict=True):
            typer.echo(
                f"  {100 * rate:g} % false accepts: distance below {threshold:.3f}, {100 * share:.1f} % verified"
            )
    typer.echo(f"{len(write_pages(out))} files in {out}")
