"""The result of a run as a table in the terminal."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mebench.runs.cost_summary import cost_line, read_costs
from mebench.runs.resume import after_part, part_of
from mebench.runs.schema import FLOOR_SHOWS, MAGNIFIER_FLOOR_SHOWS, Cell, Estimate, MetricInfo, SummaryRecord

if TYPE_CHECKING:
    from mebench.runs.conclude import RunResult

_ARROWS = {"higher": "↑", "lower": "↓"}

_THOROUGH = "open-cross-identity"
"""The protocol to go on with after a quick look."""

BOUNDS = ("still", "truth")
"""Methods that every table shows beside the others; to compare with them says nothing new."""

_MOST_DECIMALS = 3
"""So that a table with both kinds fits into 80 columns; all digits are in ``scores.csv``."""

_LONGEST_UNIT = 3
"""Characters of a unit that has room in the table (dB, ms); the others stand in ``mebench list metrics``."""


def print_result(result: RunResult, console: Console | None = None) -> None:
    """Print the table, what was left out, the folder, the page and the next sensible command."""
    console = console or Console(highlight=False, soft_wrap=False)
    summary = result.summary
    title = " ".join(part for part in (summary["method"], summary["backbone"], "on", summary["protocol"]) if part)
    tasks = summary["tasks"]
    console.print(f"{title}: {tasks['ok'] + tasks['failed']} of {tasks['planned']} tasks", markup=False)
    if any(cell["domain"] is None for cell in summary["cells"]):
        whole = result_table(summary)
        natural = console.measure(whole, options=console.options.update(max_width=1000)).maximum
        fits = natural <= console.width
        for table in [whole] if fits else [result_table(summary, kind) for kind in kinds_of(summary)]:
            console.print(table)
        console.print(legend(summary), markup=False)
    for line in remarks(summary):
        console.print(line, markup=False, soft_wrap=True)
    costs = read_costs(result.folder)
    if costs and (line := cost_line(costs)):
        console.print(line, markup=False)
    console.print(f"folder: {result.folder}", markup=False, soft_wrap=True)
    console.print(f"page:   {result.page}", markup=False, soft_wrap=True)
    following = after_part(result.folder, result.command) or companion(result.folder, summary)
    hint = next_command(summary, result.command, following, result.options)
    console.print(f"next:   {hint}", markup=False, soft_wrap=True)


def kinds_of(summary: SummaryRecord) -> list[str]:
    """The kinds of task that have numbers."""
    found = {cell["kind"] for cell in summary["cells"] if cell["domain"] is None}
    return [kind for kind in ("self", "cross") if kind in found]


def result_table(summary: SummaryRecord, only: str | None = None) -> Table:
    """Metrics down, kinds of task across; each with the value and its interval, the floor and the ceiling.

    only: this kind alone, for terminals that are too narrow for both.
    """
    cells: dict[tuple[str, str], Cell] = {
        (cell["metric"], cell["kind"]): cell for cell in summary["cells"] if cell["domain"] is None
    }
    kinds = [kind for kind in kinds_of(summary) if only in (None, kind)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("metric", no_wrap=True)
    for kind in kinds:
        table.add_column(kind, justify="right", no_wrap=True)
        table.add_column("floor", justify="right", no_wrap=True, style="dim")
        table.add_column("ceiling", justify="right", no_wrap=True, style="dim")
    for name, info in summary["metrics"].items():
        row: list[str | Text] = [Text(_named(info))]  # brackets in names are no markup
        for kind in kinds:
            found = cells.get((name, kind))
            row += _columns(found, info) if found else ["", "", ""]
        table.add_row(*row)
    return table


def direction(info: MetricInfo) -> str:
    """``↑`` or ``↓`` for what is better, ``=1`` for a target."""
    return _ARROWS.get(info["direction"]) or f"={info['ceiling']:g}"


def with_interval(estimate: Estimate | None, decimals: int) -> str:
    """``0.512 ±0.034``; without the interval where there is none, ``-`` where there is no number."""
    if estimate is None or estimate["mean"] is None:
        return "-"
    text = f"{estimate['mean']:.{decimals}f}"
    if estimate["low"] is None or estimate["high"] is None:
        return text
    return f"{text} ±{(estimate['high'] - estimate['low']) / 2:.{decimals}f}"


def legend(summary: SummaryRecord) -> str:
    """What the columns mean."""
    percent = f"{summary['confidence'] * 100:g} %"
    return (
        f"± half of the {percent} interval, clustered by subject (cross: by driver and by source). "
        f"floor: the {summary.get('floor', FLOOR_SHOWS)}. ceiling: the true answer. ↑ ↓: better. =: best at this value."
    )


def remarks(summary: SummaryRecord) -> list[str]:
    """What a reader must know beside the numbers: failed clips, missing numbers, tasks that are left."""
    lines = []
    tasks = summary["tasks"]
    if tasks["failed"]:
        first = next(iter(summary["failures"].items()))
        lines.append(f"{tasks['failed']} failed, counted at the worst value; first: {first[0]}: {first[1]}")
    missing = {
        cell["metric"]: cell["missing"]
        for cell in summary["cells"]
        if cell["domain"] is None and cell["missing"] and summary["metrics"][cell["metric"]]["per"] == "clip"
    }
    if missing:
        parts = ", ".join(f"{name} {count}" for name, count in missing.items())
        lines.append(f"missing numbers, left out of the means (reasons in scores.csv): {parts}")
    lines += _without_number(summary)
    for found in summary.get("sets", []):
        if found["p_value"] is not None:
            decimals = summary["metrics"][found["metric"]]["decimals"]
            lines.append(
                f"{found['metric']}, {found['kind']}: {found['clips']} clips of {found['subjects']} subjects, "
                f"p = {found['p_value']:.3f}; halves of the real clips are {found['halves']:.{decimals}f} apart, "
                f"halves of both {found['value_at_halves']:.{decimals}f}"
            )
    if not summary["complete"]:
        left = tasks["planned"] - tasks["ok"] - tasks["failed"]
        lines.append(f"{left} tasks are left; the same command without --limit goes on.")
    return lines


def _without_number(summary: SummaryRecord) -> list[str]:
    """Why a metric has no number that no single clip lacks, such as a distance of sets over too few people."""
    reasons: dict[str, str] = {}
    for cell in summary["cells"]:
        value = cell["value"]
        one_a_set = summary["metrics"][cell["metric"]]["per"] == "set"
        if cell["domain"] is None and value["mean"] is None and (one_a_set or not cell["missing"]):
            reasons.setdefault(cell["metric"], value["reason"] or "no reason is recorded.")
    return [f"no number of {name}: {reason}" for name, reason in reasons.items()]


def companion(folder: Path, summary: SummaryRecord) -> str | None:
    """``mebench compare``, and why, of this run with the newest other finished one of the same protocol that lies beside it,
    parts left out; None when there is none."""
    beside = [
        path
        for path in folder.parent.glob(f"*--{summary['protocol']}--*")
        if path.name != folder.name and part_of(path) is None
    ]
    written = [(path / "summary.json") for path in beside]
    dated = sorted((path.stat().st_mtime, path) for path in written if path.is_file())
    for _, path in reversed(dated):
        try:
            other = json.loads(path.read_text(encoding="utf-8"))
            same = other["protocol_hash"] == summary["protocol_hash"] and other["complete"] is True
            if same and other["method"] not in BOUNDS:
                compare = f"mebench compare {shlex.quote(str(folder))} {shlex.quote(str(path.parent))}"
                return f"{compare}    (which of the two is nearer, clip by clip)"
        except (OSError, ValueError, KeyError, TypeError):
            continue  # another version's file, or a damaged one: it has a message of its own when it is used
    return None


def next_command(summary: SummaryRecord, command: str, following: str | None = None, options: str = "") -> str:
    """A command that makes sense now. command: the one that gives this run. following: what a finished run suggests, see
    :func:`companion` and :func:`~mebench.runs.resume.after_part`. options: with which the command goes on in the same
    folder."""
    if summary["tasks"]["failed"] and not summary["tasks"]["ok"]:
        if command.startswith("mebench score"):
            return f"{command}{options}    (once the videos are mended)"
        return f"{command}{options} --retry-failed    (once the method is mended)"
    if not summary["complete"]:
        return f"{command}{options}"
    if following and summary["method"] not in BOUNDS:
        return following
    if summary["method"] == "magplus":
        return f"{command.replace('--method magplus', '--method direct')}{options}    (what magnification adds)"
    if summary.get("floor") == MAGNIFIER_FLOOR_SHOWS:
        return "mebench list magnifiers    (every one runs as --method on this protocol)"
    if summary["protocol"] == _THOROUGH or not command.startswith("mebench run"):
        return "mebench list methods"
    return f"{command.partition(' --protocol ')[0]} --protocol {_THOROUGH}{options}"


def _columns(cell: Cell, info: MetricInfo) -> list[str]:
    decimals = min(info["decimals"], _MOST_DECIMALS)
    return [with_interval(cell["value"], decimals), _mean(cell["floor"], decimals), _mean(cell["ceiling"], decimals)]


def _mean(estimate: Estimate | None, decimals: int) -> str:
    return "-" if estimate is None or estimate["mean"] is None else f"{estimate['mean']:.{decimals}f}"


def _named(info: MetricInfo) -> str:
    unit = info["unit"] if len(info["unit"]) <= _LONGEST_UNIT and info["unit"] != "1" else ""
    return " ".join(part for part in (info["name"], unit, direction(info)) if part)
