"""``mebench doctor``: the state of this installation on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from mebench.runs.examine import Examination

_PROBLEMS = 2
"""Exit code when something should be mended."""

_STATES = {"ok": "ok", "unrecorded": "hash unknown", "altered": "ALTERED", "missing": "MISSING"}


def doctor(json_: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Show what is here, what is missing, what that blocks, and the one command that mends it.

    Looks at Python and the device, packages, datasets, weights with hash and licence, methods, metrics and plug-ins.
    Exit code 2 when something that ships does not work.
    """
    from mebench.runs.examine import examine

    found = examine()
    if json_:
        import json

        typer.echo(json.dumps(found.record(), indent=2, ensure_ascii=False))
    else:
        from rich.console import Console

        _show(found, Console(highlight=False))
    if found.problems:
        raise typer.Exit(_PROBLEMS)


def _show(found: Examination, console: Console) -> None:
    from rich.text import Text

    from mebench.cli.columns import aligned

    for name, text in _machine(found.machine).items():
        console.print(Text.assemble((f"{name:<10}", "bold"), text))
    missing = [package["name"] for package in found.packages if package["version"] is None or package["error"]]
    console.print(Text.assemble(("packages  ", "bold"), f"{len(found.packages)}, " + _all_or(missing)))
    for dataset in found.datasets:
        if not dataset["complete"] and dataset["lines"] and dataset["lines"][0].startswith("not added"):
            continue  # stands below, among what can be added
        mark = "complete" if dataset["complete"] else "INCOMPLETE"
        lines = "; ".join(dataset["lines"])
        console.print(Text.assemble(("dataset   ", "bold"), f"{dataset['name']}: {mark}; {lines}"))
    failing = [method["name"] for method in found.methods if method["error"]]
    names = ", ".join(method["name"] for method in found.methods if not method["error"])
    console.print(Text.assemble(("methods   ", "bold"), f"ready: {names or 'none'}" + _also(failing)))
    console.print(Text.assemble(("metrics   ", "bold"), _metrics(found)))
    for line in aligned(("weights", "state", "SHA-256", "licence", "commercial"), _weights(found)):
        console.print(Text(line))
    _show_optional(found, console)
    _show_problems(found, console)


def _show_optional(found: Examination, console: Console) -> None:
    """What can be added: names alone where the command is the same for all."""
    from rich.text import Text

    names: list[str] = []
    others: list[str] = []
    for item in found.optional:
        name = item.what.partition(":")[0]
        same = item.mend == f"mebench weights add {name} PATH"
        (names if same else others).append(name if same else f"{item.what}; for {item.blocks}: {item.mend}")
    if names:
        how = "can be added with mebench weights add NAME PATH (mebench weights list NAME tells what it is): "
        console.print(Text.assemble((how, "bold"), ", ".join(names)))
    for text in others:
        console.print(Text.assemble(("can be added: ", "bold"), text))


def _metrics(found: Examination) -> str:
    """Those whose networks are there, and those that wait for one."""
    ready: list[str] = []
    waiting: dict[str, list[str]] = {}
    for metric in found.metrics:
        lacks = [
            f"{n['name']} ({_STATES[n['state']]})" for n in metric["networks"] if n["state"] in ("missing", "altered")
        ]
        if lacks:
            waiting.setdefault(", ".join(lacks), []).append(metric["name"])
        else:
            ready.append(metric["name"])
    texts = [f"{networks}: {', '.join(names)}" for networks, names in waiting.items()]
    return "ready: " + "; ".join([", ".join(ready), *texts])


def _show_problems(found: Examination, console: Console) -> None:
    from rich.text import Text

    if not found.problems:
        console.print(Text("Nothing is missing. next: mebench run --method magplus --backbone fomm", style="bold"))
        return
    console.print(Text(f"{len(found.problems)} to mend", style="bold red"))
    for number, problem in enumerate(found.problems, start=1):
        console.print(Text(f"{number}. {problem.what}"))
        console.print(Text(f"   blocks {problem.blocks}; mend it with: {problem.mend}"))


def _weights(found: Examination) -> list[tuple[str, ...]]:
    """The rows of those that ship, come with a package, or were added."""
    return [
        (
            row["name"],
            _STATES[row["state"]],
            (row["sha256"] or "")[:8],
            row["licence"].partition(" (")[0],
            row["commercial"],
        )
        for row in found.weights
        if row["needed"] or row["state"] != "missing"
    ]


def _machine(machine: dict[str, Any]) -> dict[str, str]:
    torch = machine["torch"]
    device = "torch does not load"
    if torch:
        accelerator = (
            f"{torch['accelerator']} is there (mebench run --device cuda)" if torch["accelerator"] else "no accelerator"
        )
        device = f"torch {torch['version']} on the CPU, {accelerator}"
    memory = f", {machine['memory_gb']:.0f} GB" if machine["memory_gb"] else ""
    encoders = ", ".join(machine["video_encoders"]) or "NONE"
    return {
        "mebench": f"{machine['mebench']}, Python {machine['python']}, {machine['system']}",
        "device": f"{device}; {machine['processor']}, {machine['cores']} cores{memory}",
        "home": f"{machine['home']} ({machine['home_free_gb']:.0f} GB free); video: {encoders}",
    }


def _all_or(missing: list[str]) -> str:
    return f"not usable: {', '.join(missing)}" if missing else "all there"


def _also(failing: list[str]) -> str:
    return f"; NOT READY: {', '.join(failing)}" if failing else ""
