"""``mebench run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mebench.cli import completion

if TYPE_CHECKING:
    from mebench.runs.conclude import RunResult

_METHOD = typer.Option(
    ...,
    "--method",
    "-m",
    autocompletion=completion.methods,
    help="A baseline's name, or the path of a method.yaml.",
)
_BACKBONE = typer.Option(
    None, "--backbone", "-b", autocompletion=completion.backbones, help="Replaces the backbone of the method."
)
_PROTOCOL = typer.Option(
    "open-mini",
    "--protocol",
    "-p",
    autocompletion=completion.protocols,
    help="A protocol's name, or the path of a YAML file.",
)


def run(
    method: str = _METHOD,
    backbone: str | None = _BACKBONE,
    protocol: str = _PROTOCOL,
    device: str = typer.Option(
        "cpu", "--device", help="Where the method's networks work: cpu, cuda (every card), cuda:N, mps."
    ),
    jobs: int | None = typer.Option(
        None, "--jobs", "-j", help="Processes (default: one a core and 2 GB, at most 8). 0: this one alone."
    ),
    out: Path = typer.Option(Path("runs"), "--out", "-o", help="Folder in which run folders are kept."),
    limit: int | None = typer.Option(None, "--limit", "-n", help="Do the first N tasks only; goes on later without."),
    shard: str | None = typer.Option(
        None, "--shard", help="i/n: the i-th of n parts, to be put together by mebench merge."
    ),
    engine: str = typer.Option("local", help="Where tasks are done: local, slurm or ray."),
    engine_option: list[str] = typer.Option(
        [],
        "--engine-option",
        metavar="NAME=VALUE",
        help="For the engine, such as slurm_partition=gpu; may be repeated.",
    ),
    bounds: bool = typer.Option(True, help="Score floor and ceiling on the same tasks (once per machine)."),
    retry_failed: bool = typer.Option(False, "--retry-failed", help="Try tasks again that failed before."),
    json_: bool = typer.Option(False, "--json", help="Print the summary as JSON instead of a table."),
) -> None:
    """Run a method on a protocol: generate, score, and write tables and a page.

    Kill it at any time: the same command goes on where it stopped.

    Examples:

      mebench run --method magplus --backbone fomm

      mebench run --method still --protocol open-cross-identity --jobs 4
    """
    from mebench.cli.progress import drawn
    from mebench.runs.engines.choice import read_options
    from mebench.runs.start import run as start

    with drawn() as progress:
        result = start(
            method,
            backbone,
            protocol,
            device=device,
            jobs=jobs,
            out=out,
            limit=limit,
            shard=shard,
            engine=engine,
            engine_options=read_options(engine_option),
            bounds=bounds,
            retry_failed=retry_failed,
            progress=progress,
        )
    _show(result, json_)


def _show(result: RunResult, as_json: bool) -> None:
    """The table and what to do next; or the summary with the places of folder and page."""
    if as_json:
        import json

        places = {"folder": str(result.folder), "page": str(result.page)}
        typer.echo(json.dumps({**result.summary, **places}, indent=2, ensure_ascii=False))
    else:
        from mebench.runs.table import print_result

        print_result(result)
