"""``mebench protocol``: look at what is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mebench.cli import completion

if TYPE_CHECKING:
    from mebench.protocol import Protocol

app = typer.Typer(no_args_is_help=True, help="Look at protocols: what is run.", rich_markup_mode=None)

_NAME = typer.Argument(..., autocompletion=completion.protocols, help="A protocol's name, or the path of a YAML file.")


@app.command(short_help="Show a protocol with its hash and its defaults.")
def show(name: str = _NAME, json_: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Show a protocol with its hash and its defaults filled in, and whether it can be run on this machine."""
    import json

    from mebench.protocol import load_protocol
    from mebench.runs.plan import runnable

    protocol = load_protocol(name)
    content = {"hash": protocol.hash, "tasks_hash": protocol.tasks_hash, **protocol.content()}
    if json_:
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    import yaml

    typer.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100), nl=False)
    here, absent, reason = runnable(protocol)
    typer.echo(f"# datasets here: {', '.join(here) or 'none'}" + (f"; not here: {', '.join(absent)}" if absent else ""))
    typer.echo(f"# cannot be run: {reason}" if reason else "# can be run")


@app.command(short_help="Check protocols, and whether they can be run here.")
def validate(
    names: list[str] = typer.Argument(
        None, metavar="NAME", help="Names or paths of YAML files; all that ship by default."
    ),
    json_: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Check protocols, and say whether they can be run on this machine.

    Each mistake is shown with its line; exit code 2 when there is one.
    """
    import json

    from mebench.protocol import load_protocol, protocol_names
    from mebench.runs.plan import runnable

    found = {}
    for name in names or protocol_names():
        protocol = load_protocol(name)
        here, absent, reason = runnable(protocol)
        found[name] = {
            "hash": protocol.hash,
            "runnable": reason is None,
            "reason": reason,
            "here": here,
            "absent": absent,
        }
        if not json_:
            left_out = f"; without {', '.join(absent)}" if absent else ""
            state = "cannot be run here" if reason else f"can be run here{left_out}"
            typer.echo(
                f"{name}: good ({protocol.name}, version {protocol.version}, hash {protocol.hash[:12]}); {state}"
            )
    if json_:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))


@app.command(short_help="List the tasks of a protocol.")
def tasks(name: str = _NAME, json_: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List the tasks of a protocol: which source is moved by which driving clip, at which frames; and its folds."""
    import json

    from mebench.protocol import load_protocol
    from mebench.runs.plan import load_datasets

    protocol = load_protocol(name)
    datasets = load_datasets(protocol)
    if protocol.selection is None:
        _print_folds(protocol, json_)
        return
    found = protocol.tasks(datasets)
    if json_:
        typer.echo(json.dumps([task.record() for task in found], indent=2, ensure_ascii=False))
        return
    for task in found:
        units = " ".join(task.action_units) or "not coded"
        typer.echo(
            f"{task.key}  {len(task.frames)} frames at {task.fps:g}/s, "
            f"onset {task.onset}, apex {task.apex}, offset {task.offset}, AU {units}"
        )
    typer.echo(f"{len(found)} tasks, {sum(len(task.frames) for task in found)} frames")


def _print_folds(protocol: Protocol, json_: bool) -> None:
    import json

    from mebench.runs.plan import load_datasets

    folds = protocol.make_folds(load_datasets(protocol))
    if json_:
        described = [
            {
                "fold": fold.name,
                **{part: [clip.key for clip in getattr(fold, part)] for part in ("train", "validation", "test")},
            }
            for fold in folds
        ]
        typer.echo(json.dumps(described, indent=2, ensure_ascii=False))
        return
    for fold in folds:
        counts = fold.labels(fold.test).sum(axis=0)
        units = ", ".join(f"AU{unit} {count}" for unit, count in zip(fold.units, counts, strict=True))
        typer.echo(
            f"{fold.name}: {len(fold.train)} train, {len(fold.validation)} validation, {len(fold.test)} test; {units}"
        )
    typer.echo(f"{len(folds)} folds; judges are trained with: mebench au --help")
