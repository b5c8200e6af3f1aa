"""``mebench verify``: everything that can be checked of a submission. CI runs this very command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer


def verify(
    paths: list[Path] = typer.Argument(
        ..., metavar="PATH", help="Folders submissions/<method>/<version>, or a whole tree."
    ),
    json_: bool = typer.Option(False, "--json", help="Print JSON."),
    rerun: int = typer.Option(0, "--rerun", help="Generate so many random tasks of each result again, and compare."),
    record: bool = typer.Option(False, "--record", help="For maintainers: write what --rerun found into trust.json."),
) -> None:
    """Check submissions: files, hashes, protocol, completeness, values, aggregates, copies. Executes nothing of them.

    Example: mebench verify submissions/mine/1
    """
    import json

    from mebench.leaderboard.rerun import rerun as again
    from mebench.leaderboard.rerun import write_trust
    from mebench.leaderboard.verify import verify as check

    reports = [check(folder) for path in paths for folder in _folders(path)]
    records = [report.record() for report in reports]
    failed = not all(report.ok for report in reports)
    for report, entry in zip(reports, records, strict=True):
        if rerun and report.ok and report.submission is not None:
            found = again(report.submission, rerun)
            entry["reruns"] = {name: each.model_dump(mode="json") for name, each in found.items()}
            failed |= any(task.agreed == "no" for each in found.values() for task in each.tasks)
            if record:
                write_trust(report.submission, found)
    if json_:
        typer.echo(json.dumps({"ok": not failed, "submissions": records}, indent=2, ensure_ascii=False))
    else:
        for entry in records:
            _print(entry)
    if failed:
        raise typer.Exit(1)


def _folders(path: Path) -> list[Path]:
    """``path`` itself, or all submissions of a tree, or of one method, that it is."""
    if (path / "manifest.json").exists():
        return [path]
    found = [*path.glob("*/manifest.json"), *path.glob("*/*/manifest.json")]
    return sorted(manifest.parent for manifest in found) or [path]


def _print(entry: dict[str, Any]) -> None:
    typer.echo(f"{'ok    ' if entry['ok'] else 'FAILED'} {entry['submission']}")
    for finding in entry["findings"]:
        typer.echo(f"  {finding['level']}: {finding['where'] or '.'}: {finding['text']} [{finding['check']}]")
    for name, tier in entry["tiers"].items():
        typer.echo(f"  {name}: {tier}")
    for name, each in entry.get("reruns", {}).items():
        for task in each["tasks"]:
            typer.echo(f"  again {name} {task['task']}: {task['agreed']}")
