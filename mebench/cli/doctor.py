"""``mebench doctor``: the state of this installation on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from mebench.runs.examine import Examination

_PROBLEMS = 2
"""Exit code when something should be mended."""

_LABEL = 8
"""Characters of the labels on the left."""

_STATES = {"ok": "ok", "unrecorded": "hash unknown", "altered": "ALTERED", "missing": "MISSING"}


def doctor(json_: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Show what is here, what is missing, what that blocks, and the one command that mends it.

    Looks at Python and the device, packages, datasets, weights with hash and licence, methods, metrics and plug-ins.
    Exit code 2 when something that ships does not work.
    """
    found = _examined()
    if json_:
        import json

        typer.echo(json.dumps(found.record(), indent=2, ensure_ascii=False))
    else:
        from rich.console import Console

        _show(found, Console(highlight=False))
    if found.problems:
        raise typer.Exit(_PROBLEMS)


def _examined() -> Examination:
    """Loading every package and method takes seconds: somebody who watches is told so."""
    from rich.console import Console

    from mebench.runs.examine import examine

    with Console(stderr=True).status("looking at packages, datasets, weights and methods"):
        return examine()


def _show(found: Examination, console: Console) -> None:
    from rich.text import Text

    from mebench.cli.columns import aligned

    missing = [package["name"] for package in found.packages if package["version"] is None or package["error"]]
    failing = [method["name"] for method in found.methods if method["error"]]
    ready = ", ".join(method["name"] for method in found.methods if not method["error"])
    fields = [
        *_machine(found.machine).items(),
        ("packages", f"{len(found.packages)}, " + _all_or(missing)),
        *(("dataset", text) for text in _datasets(found)),
        ("methods", f"ready: {ready or 'none'}" + _also(failing)),
        ("metrics", _metrics(found)),
        *(("weights" if first else "", text) for first, text in _good_weights(found)),
    ]
    _columns(console, fields)
    if others := _other_weights(found):
        for line in aligned(("weights", "state", "SHA-256", "licence", "commercial"), others):
            console.print(Text(line))
    _show_optional(found, console)
    _show_problems(found, console)


def _columns(console: Console, fields: list[tuple[str, str]], label_width: int = _LABEL) -> None:
    """Labels in bold, and beside each its text with all lines indented."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True, width=label_width)
    table.add_column(overflow="fold")
    for label, text in fields:
        table.add_row(label, Text(text))
    console.print(table)


def _datasets(found: Examination) -> list[str]:
    """A line on each that is here; what was not added stands below, among what can be added."""
    texts = []
    for dataset in found.datasets:
        if dataset["complete"]:
            texts.append(f"{dataset['name']}: complete, {dataset['licence']} (mebench data check {dataset['name']})")
        elif not (dataset["lines"] and dataset["lines"][0].startswith("not added")):
            texts.append(f"{dataset['name']}: INCOMPLETE; {'; '.join(dataset['lines'])}")
    return texts


def _show_optional(found: Examination, console: Console) -> None:
    """What can be added: names alone where the command is the same for all. Commands stay in one piece, to be copied."""
    from rich.text import Text

    names: list[str] = []
    others: list[tuple[str, str]] = []
    for item in found.optional:
        name = item.what.partition(":")[0]
        same = item.mend == f"mebench weights add {name} PATH"
        if same:
            names.append(name)
        else:
            others.append((f"{item.what}; for {item.blocks}:", item.mend))
    if not names and not others:
        return
    console.print(Text("can be added", style="bold"))
    if names:
        how = "mebench weights add NAME PATH    (mebench weights list NAME says what it is)"
        others.insert(0, (f"{', '.join(names)}:", how))
    for what, how in others:
        _columns(console, [("-", what)], label_width=1)
        console.print(Text(f"   {how}"), soft_wrap=True)


def _metrics(found: Examination) -> str:
    """How many have their networks, and those that wait for one."""
    ready = 0
    waiting: dict[str, list[str]] = {}
    for metric in found.metrics:
        lacks = [
            n["name"] if n["state"] == "missing" else f"{n['name']} ({_STATES[n['state']]})"
            for n in metric["networks"]
            if n["state"] in ("missing", "altered")
        ]
        if lacks:
            waiting.setdefault(", ".join(lacks), []).append(metric["name"])
        else:
            ready += 1
    texts = [f"{', '.join(names)} for {networks}" for networks, names in waiting.items()]
    return f"{ready} ready (mebench list metrics)" + (
        f"; others once a file is added: {'; '.join(texts)}" if texts else ""
    )


def _show_problems(found: Examination, console: Console) -> None:
    from rich.text import Text

    if not found.problems:
        console.print(Text("Nothing is missing. next: mebench run --method magplus --backbone fomm", style="bold"))
        return
    console.print(Text(f"{len(found.problems)} to mend", style="bold red"))
    for number, problem in enumerate(found.problems, start=1):
        console.print(Text(f"{number}. {problem.what}"))
        console.print(Text(f"   blocks {problem.blocks}; mend it with: {problem.mend}"), soft_wrap=True)


def _good_weights(found: Examination) -> list[tuple[bool, str]]:
    """Those that are what they should be, by licence; each with whether it is the first line."""
    by_licence: dict[str, list[str]] = {}
    for row in found.weights:
        if row["state"] == "ok":
            licence = row["licence"].partition(" (")[0]
            use = "" if row["commercial"] == "yes" else f", commercial use: {row['commercial']}"
            by_licence.setdefault(licence + use, []).append(row["name"])
    count = sum(map(len, by_licence.values()))
    if not count:
        return []
    title = f"{count} here with the recorded SHA-256 (mebench weights check prints it)"
    return [(True, title), *((False, f"{licence}: {', '.join(names)}") for licence, names in by_licence.items())]


def _other_weights(found: Examination) -> list[tuple[str, ...]]:
    """The rows of those that are missing though they should be there, altered, or of unknown hash."""
    return [
        (
            row["name"],
            _STATES[row["state"]],
            (row["sha256"] or "")[:8],
            row["licence"].partition(" (")[0],
            row["commercial"],
        )
        for row in found.weights
        if row["state"] != "ok" and (row["needed"] or row["state"] != "missing")
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
