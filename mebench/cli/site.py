"""``mebench site``: the leaderboard as static pages."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(no_args_is_help=True, help="Build the leaderboard, or look at it here.")

_OUT = typer.Option(Path("build/site"), "--out", help="Folder of the site; an older site there is replaced.")
_ADDRESS = typer.Option("", "--address", help="Where the site will stand (https://...), for the feed and the badges.")
_SUBMISSIONS = typer.Option(
    None,
    "--submissions",
    help="The tree of submissions. Default: the folder submissions, as mebench submit writes it, and what ships.",
)


@app.command()
def build(out: Path = _OUT, submissions: Path | None = _SUBMISSIONS, address: str = _ADDRESS) -> None:
    """Write the pages, the JSON interface and the tables. Submissions that cannot be read are left out and named.

    Example: mebench site build --out build/site
    """
    from mebench.leaderboard.site import build_site

    built = build_site(out, _trees(submissions), address=address)
    if not built.parquet:
        typer.echo("no Parquet tables: pip install 'mebench[parquet]' writes them too", err=True)
    for name, reason in built.broken.items():
        typer.echo(f"left out: {name}: {reason}", err=True)
    typer.echo(f"{built.pages} pages: {built.folder / 'index.html'}")
    if built.broken:
        raise typer.Exit(1)


@app.command()
def serve(
    out: Path = _OUT,
    submissions: Path | None = _SUBMISSIONS,
    port: int = typer.Option(8000, "--port", min=0, max=65535, help="On this machine alone; 0 takes a free one."),
) -> None:
    """Build the site and serve it to this machine until Ctrl-C.

    Example: mebench site serve
    """
    from mebench.leaderboard.site import build_site
    from mebench.leaderboard.site.serve import serve as run

    built = build_site(out, _trees(submissions))
    with run(built.folder, port) as server:
        typer.echo(f"http://127.0.0.1:{server.server_address[1]}/ (Ctrl-C ends it)")
        server.serve_forever()


def _trees(given: Path | None) -> list[Path]:
    """The submissions to show: the reader's own, and beside them what ships, so that a new row has neighbours."""
    from mebench.home import packaged

    here, shipped = Path("submissions"), packaged("submissions")
    own = [here] if next(here.glob("*/*/manifest.json"), None) and here.resolve() != shipped.resolve() else []
    chosen = [given] if given else [*own, shipped]
    typer.echo(f"submissions: {' and '.join(map(str, chosen))}", err=True)
    return chosen
