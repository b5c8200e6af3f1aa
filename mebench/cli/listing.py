"""``mebench list``: what there is to choose from."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Any

import typer

from mebench.errors import ConfigError
from mebench.names import meant

KINDS = ("methods", "backbones", "metrics", "protocols", "datasets", "magnifiers", "detectors")
"""What can be listed."""


def _kinds(begun: str) -> list[str]:
    """For the completion of the shell."""
    return [kind for kind in KINDS if kind.startswith(begun)]


def list_(
    what: str = typer.Argument(..., autocompletion=_kinds, help=f"One of {', '.join(KINDS)}."),
    json_: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List what there is to choose from, with one line on each.

    Example: mebench list metrics
    """
    kind = what if what in KINDS else f"{what}s"
    if kind not in KINDS:
        raise ConfigError(f"There is no list of '{what}'{meant(what, KINDS)}; known: {', '.join(KINDS)}.")
    from mebench.cli.catalogue import catalogue

    entries = catalogue(kind)
    if json_:
        import json

        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    width = max((len(entry["name"]) for entry in entries), default=0) + 2
    for entry in entries:
        typer.echo(_block(entry, width) if sys.stdout.isatty() else f"{entry['name']:<{width}}{_line(entry)}")


def _block(entry: dict[str, Any], width: int) -> str:
    """For a terminal: the name, and beside it as many lines as are needed. Elsewhere an entry is one line, for grep."""
    room = max(shutil.get_terminal_size().columns - width, 40)
    texts = entry.get("lines") or [_line(entry)]
    lines = [
        line
        for text in texts
        for line in textwrap.wrap(text, room, subsequent_indent="  " if len(texts) > 1 else "", break_on_hyphens=False)
    ]
    return "\n".join(f"{entry['name'] if i == 0 else '':<{width}}{line}" for i, line in enumerate(lines or [""]))


def _line(entry: dict[str, Any]) -> str:
    text = str(entry["error"] if "error" in entry else entry["summary"])
    return f"cannot be loaded: {text}" if "error" in entry else text
