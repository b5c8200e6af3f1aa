"""``mebench weights``: which checkpoints there are, where they lie, and how to add one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from mebench.cli import completion

app = typer.Typer(
    no_args_is_help=True,
    help="Checkpoints: what they are, under which licence, where they lie; add or fetch one.",
    rich_markup_mode=None,
)

_WIDE = 110
"""Columns from which the table of all checkpoints has room for what they are."""

_JSON = typer.Option(False, "--json", help="Print JSON.")


@app.command("list", short_help="List the checkpoints, their licences, and which are here.")
def list_(
    names: list[str] | None = typer.Argument(
        None,
        metavar="NAME",
        autocompletion=completion.weights,
        help="Checkpoints to show in full; a table of all when left out.",
    ),
    json_: bool = _JSON,
) -> None:
    """List the checkpoints: what they are, their licence, whether they are there. With names: all that is known."""
    from mebench.weights import FILES, facts, state

    rows = [facts(name) for name in names] if names else list(FILES.values())
    found = [state(row.name) for row in rows]
    if json_:
        _print_json([_record(row, one) for row, one in zip(rows, found, strict=True)])
    elif names:
        typer.echo("\n\n".join(_in_full(row, one) for row, one in zip(rows, found, strict=True)))
    else:
        _table(rows, found)
        typer.echo("\nnext: mebench weights list NAME shows paper, hash, and where it is published and looked for")


def _table(rows: list[Any], found: list[Any]) -> None:
    from mebench.cli.columns import aligned

    cells = [
        (row.name, _state(row, one), row.licence.partition(" (")[0], row.commercial, row.what)
        for row, one in zip(rows, found, strict=True)
    ]
    titles = ("name", "state", "licence", "commercial", "what it is")
    lines = aligned(titles, cells)
    if any(line.endswith("…") and len(line) < _WIDE for line in lines):  # a word or two of what it is help nobody
        lines = aligned(titles[:-1], [cell[:-1] for cell in cells])
    for line in lines:
        typer.echo(line)


def _state(row: Any, one: Any) -> str:
    return "not added" if row.kind in ("added", "placed") and one.state == "missing" else _STATES[one.state]


def _in_full(row: Any, one: Any) -> str:
    """Everything about one checkpoint, a line each."""
    from mebench.weights import place

    known = {
        "what it is": row.what,
        "trained on": row.trained_on,
        "paper": row.paper,
        "licence": row.licence,
        "commercial use": row.commercial,
        "published": row.published,
        "published files": ", ".join(row.official),
        "SHA-256": one.expected or one.sha256 or "not known until it is added",
        "looked for at": str(place(row.name)),
        "state": _state(row, one),
        "needed by": ", ".join(row.needed_by),
    }
    return "\n".join([row.name, *(f"  {title:<16}{text}" for title, text in known.items() if text)])


@app.command(short_help="Show where mebench looks, and where it is published.")
def where(
    name: str | None = typer.Argument(None, autocompletion=completion.weights, help="A checkpoint; all when left out."),
    json_: bool = _JSON,
) -> None:
    """Show where mebench looks for a checkpoint, and where its authors publish it.

    With a NAME the path alone goes to standard output.
    """
    from mebench.weights import FILES, facts, place

    rows = [facts(name)] if name else list(FILES.values())
    if json_:
        _print_json([{"name": row.name, "path": str(place(row.name)), "published": row.published} for row in rows])
        return
    for row in rows:
        path = place(row.name)
        there = "" if path.is_file() else "  (not there)"
        if name:
            typer.echo(str(path))
            typer.echo(f"published {row.published}{there}", err=True)
        else:
            typer.echo(f"{row.name}: {path}{there}")


@app.command()
def check(
    names: list[str] | None = typer.Argument(None, metavar="NAME", help="Checkpoints; all when left out."),
    json_: bool = _JSON,
) -> None:
    """Compare hashes with the known ones. Exit code 2 when one was altered, or a named one is missing."""
    from mebench.errors import CheckpointError
    from mebench.weights import FILES, facts, state

    rows = [facts(name) for name in names] if names else list(FILES.values())
    found = [state(row.name) for row in rows]
    if json_:
        _print_json([_record(row, one) for row, one in zip(rows, found, strict=True)])
    else:
        for row, one in zip(rows, found, strict=True):
            typer.echo(f"{row.name}: {_state(row, one)}  {one.sha256 or ''}".rstrip())
    bad = [one.name for one in found if one.state == "altered" or (names and one.state == "missing")]
    if bad:
        from mebench.runs.examine import mending

        mend = "; ".join(mending(name) for name in bad)
        raise CheckpointError(f"not as they should be: {', '.join(bad)}. {mend}")


@app.command(short_help="Check a published checkpoint, convert it and keep it.")
def add(
    name: str = typer.Argument(
        ..., autocompletion=completion.weights, help="A checkpoint (vox-adv-cpk) or a family (fomm, flowmag)."
    ),
    path: Path = typer.Argument(..., help="The file that its authors publish."),
    json_: bool = _JSON,
) -> None:
    """Check a published checkpoint, convert it once to safetensors and keep it where mebench looks.

    Names, shapes and hash are checked by the network itself; tensors that do not fit are named. The file is read
    without running any code that it may hold.

    Example: mebench weights add fomm ~/Downloads/vox-adv-cpk.pth.tar
    """
    from mebench.weights.add import add as add_weights

    _tell(add_weights(name, path), json_)


@app.command(short_help="Download a published checkpoint, then do as add does.")
def fetch(
    name: str = typer.Argument(..., help="A checkpoint or a family."),
    url: str | None = typer.Option(None, "--url", help="Address to load from, instead of the known one."),
    sha256: str | None = typer.Option(None, "--sha256", help="Hash that the downloaded file must have."),
    json_: bool = _JSON,
) -> None:
    """Download a published checkpoint, then do as `add` does. A broken download goes on where it stopped.

    This is the only command of mebench that opens a network connection.
    """
    from mebench.weights.fetch import fetch as fetch_weights
    from mebench.weights.fetch import row_to_fetch

    row, address = row_to_fetch(name, url)
    typer.echo(f"{row.name}: {row.what}. {row.paper}", err=True)
    typer.echo(f"licence: {row.licence}; commercial use: {row.commercial}", err=True)
    typer.echo(f"from {address}", err=True)
    _tell(fetch_weights(name, url, sha256, _shown), json_)


_STATES = {
    "ok": "there",
    "unrecorded": "there, hash unknown",
    "altered": "ALTERED",
    "missing": "MISSING",
}


def _tell(added: Any, json_: bool) -> None:
    if json_:
        import dataclasses

        _print_json({**dataclasses.asdict(added), "path": str(added.path)})
        return
    typer.echo(
        f"{added.name}: {added.tensors} tensors, {added.values / 1e6:.1f} million values, all as they should be."
    )
    typer.echo(f"published file: SHA-256 {added.official_sha256}")
    typer.echo(f"kept as {added.path}")
    for remark in added.remarks:
        typer.echo(remark)


def _shown(have: int, total: int | None) -> None:
    """One line that is rewritten, on a terminal only."""
    import sys

    if sys.stderr.isatty():
        share = f" of {total / 1e6:.1f} MB ({have / total:.0%})" if total else " MB"
        sys.stderr.write(f"\r{have / 1e6:.1f}{share}   " + ("\n" if have == total else ""))
        sys.stderr.flush()


def _record(row: Any, found: Any) -> dict[str, Any]:
    import dataclasses

    from mebench.weights import place

    facts = {key: value for key, value in dataclasses.asdict(row).items() if key not in ("converter", "sha256")}
    state = {"state": found.state, "path": str(place(row.name)), "sha256": found.sha256, "expected": found.expected}
    return {**facts, **state}


def _print_json(value: Any) -> None:
    import json

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
