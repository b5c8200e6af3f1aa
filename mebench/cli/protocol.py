"""``mebench protocol``: look at what is run."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, help="Look at protocols: what is run.", rich_markup_mode=None)

_NAME = typer.Argument(..., help="A protocol's name, or the path of a YAML file.")


@app.command()
def show(name: str = _NAME, json_: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Show a protocol with its hash and its defaults filled in."""
    import json

    from mebench.protocol import load_protocol

    protocol = load_protocol(name)
    content = {"hash": protocol.hash, "tasks_hash": protocol.tasks_hash, **protocol.content()}
    if json_:
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
        return
    import yaml

    typer.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100), nl=False)


@app.command()
def validate(names: list[str] = typer.Argument(..., help="Names or paths of YAML files.")) -> None:
    """Check protocols. Each mistake is shown with its line; exit code 2 when there is one."""
    from mebench.protocol import load_protocol

    for name in names:
        protocol = load_protocol(name)
        typer.echo(f"{name}: good ({protocol.name}, version {protocol.version}, hash {protocol.hash[:12]})")


@app.command()
def tasks(name: str = _NAME, json_: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """List the tasks of a protocol: which source is moved by which driving clip, at which frames."""
    import json

    from mebench.protocol import load_protocol
    from mebench.runs.plan import load_datasets

    protocol = load_protocol(name)
    found = protocol.tasks(load_datasets(protocol))
    if json_:
        typer.echo(json.dumps([task.record() for task in found], indent=2, ensure_ascii=False))
        return
    for task in found:
        units = " ".join(task.action_units)
        typer.echo(
            f"{task.key}  {len(task.frames)} frames at {task.fps:g}/s, "
            f"onset {task.onset}, apex {task.apex}, offset {task.offset}, AU {units}"
        )
    typer.echo(f"{len(found)} tasks, {sum(len(task.frames) for task in found)} frames")
