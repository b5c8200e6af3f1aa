"""From the rows of a run to its tables, its summary and its page: pure functions of what the folder holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mebench.files import write_json, write_text
from mebench.runs.bounds import bounds_record
from mebench.runs.cost_summary import summarise_costs
from mebench.runs.execute import task_count
from mebench.runs.plan import Plan
from mebench.runs.schema import SummaryRecord
from mebench.runs.sets import set_numbers
from mebench.runs.store import RunStore
from mebench.runs.summary import summarise
from mebench.runs.tables import costs_csv, scores_csv


@dataclass(frozen=True)
class RunResult:
    """folder: the run folder. page: its ``index.html``. summary: what ``summary.json`` holds. command: gives it. options:
    of the command, so that it goes on in this very folder (:func:`~mebench.runs.resume.options_of`)."""

    folder: Path
    page: Path
    summary: SummaryRecord
    command: str
    options: str = ""


def conclude(plan: Plan, bounds: dict[str, Plan]) -> tuple[Path, SummaryRecord]:
    """Write ``scores.csv``, ``costs.csv``, ``costs.json``, ``bounds.json``, ``summary.json`` and the page; give page and
    summary.

    Every finished task takes part, in the protocol's order, whatever the session's limit was.
    """
    from mebench.runs.page import build

    store = RunStore(plan.folder)
    rows = [row for task in plan.tasks if (row := store.row(task.key)) and row["task"]["hash"] == task.hash]
    keys = [row["task"]["key"] for row in rows]
    costs = [cost for key in keys if (cost := store.cost(key))]
    record = bounds_record(plan, bounds, keys)
    summary = summarise(plan, rows, record, task_count(plan, store), set_numbers(plan, rows, bounds))
    columns = [name for name, info in plan.metrics.items() if info["per"] == "clip"]
    write_text(plan.folder / "scores.csv", scores_csv(rows, columns))
    write_text(plan.folder / "costs.csv", costs_csv(costs))
    run = store.run_record()
    write_json(plan.folder / "costs.json", summarise_costs(costs, run["sessions"] if run else []))
    write_json(plan.folder / "bounds.json", record)
    write_json(plan.folder / "summary.json", summary)
    return build(plan.folder), summary
