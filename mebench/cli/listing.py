"""``mebench list``: what there is to choose from."""

from __future__ import annotations

from enum import Enum
from typing import Any

import typer


class Listed(str, Enum):
    """What can be listed."""

    methods = "methods"
    backbones = "backbones"
    metrics = "metrics"
    protocols = "protocols"
    datasets = "datasets"
    magnifiers = "magnifiers"


def list_(
    what: Listed = typer.Argument(..., help="What to list."),
    json_: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List what there is to choose from, with one line on each.

    Example: mebench list metrics
    """
    from mebench.cli.catalogue import catalogue

    entries = catalogue(what.value)
    if json_:
        import json

        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    width = max((len(entry["name"]) for entry in entries), default=0)
    for entry in entries:
        typer.echo(f"{entry['name']:<{width}}  {_line(entry)}")


def _line(entry: dict[str, Any]) -> str:
    text = str(entry["error"] if "error" in entry else entry["summary"])
    return f"cannot be loaded: {text}" if "error" in entry else text
