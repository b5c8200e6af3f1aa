"""``mebench compare``: two runs side by side, honestly."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path

import typer


def compare(
    first: Path = typer.Argument(..., help="Folder of a run, as the run printed it."),
    second: Path = typer.Argument(..., help="Folder of another run of the same protocol."),
    metric: str | None = typer.Option(None, "--metric", help="Whose gap is taken apart. Default: gain_error."),
    json_: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Compare two runs clip by clip: paired differences by family with intervals, and which clips drive the gap.

    Differences are clustered by subject (two-way in cross-identity) and p-values adjusted for the number of metrics.

    Example: mebench compare runs/MAGPLUS runs/DIRECT
    """
    from mebench.runs.compare import compare as run
    from mebench.runs.compare_table import lines

    found = run(first, second, metric)
    if json_:
        import json

        typer.echo(json.dumps(found.record(), indent=2, ensure_ascii=False))
        return
    for line in lines(found):
        typer.echo(_wrapped(line))


def _wrapped(line: str) -> str:
    """Running text on a terminal: broken between words, the rest indented. Rows of the table have fixed places."""
    columns = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or len(line) <= columns or not line.startswith(("  by ", "  clips ")):
        return line
    return textwrap.fill(line, columns, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
