"""The score table: by family, each metric with its value, interval, floor and ceiling, for both kinds of task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mebench.runs.page.notes import Notes
from mebench.runs.page.numerals import NARROW, interval, number
from mebench.runs.page.scale import Scale, scale
from mebench.runs.schema import FLOOR_SHOWS, Cell, MetricInfo, SummaryRecord, TaskRecord

KINDS = {"self": "Self-reenactment", "cross": "Cross-identity"}
"""Kinds of task, in the order of the columns."""

FAMILIES = {
    "motion": ("Motion", "is it the driver’s expression, in size, place and time?"),
    "micro_au": ("Micro action units", "is the same action unit read from it?"),
    "truth": ("Truth", "how far from the exact answer?"),
    "realism": ("Realism", "does the picture hold?"),
    "identity": ("Identity", "is it still the same person?"),
    "cost": ("Cost", "what does it take?"),
    "legacy": ("Legacy", "what papers print: shown for comparison, never ranked on"),
}
"""Title and question of each family, in the order in which they are shown: what the benchmark is about comes first."""

DIRECTIONS = {"higher": ("↑", "higher is better"), "lower": ("↓", "lower is better")}


@dataclass(frozen=True)
class CellView:
    """What a cell of the table shows. value, interval, floor, ceiling: text, None where missing.

    reason: why the value is missing, and ``note`` the number of that reason in the notes below the table.
    counted: ``9 of 12`` when some tasks have no number; its reason is behind ``note`` too.
    no_interval: the number of the note that says why there is no interval.
    """

    value: str | None
    interval: str | None
    floor: str | None
    ceiling: str | None
    bar: Scale | None
    reason: str | None = None
    note: int | None = None
    counted: str | None = None
    no_interval: int | None = None


@dataclass(frozen=True)
class MetricRow:
    """One metric: its facts in words and a cell for each kind of task."""

    name: str
    facts: MetricInfo
    arrow: str
    direction: str
    cells: dict[str, CellView]


@dataclass(frozen=True)
class DomainTable:
    """Means by driving domain of one kind of task: ``rows`` are (metric, unit, arrow, one cell a domain)."""

    kind: str
    domains: list[str]
    rows: list[tuple[str, str, str, list[CellView]]]


@dataclass
class ScoreTable:
    """Everything that the template needs. floor: what it shows, in words. groups: (title, question, rows) of each family. notes: reasons by number."""

    kinds: list[tuple[str, str, int]]
    floor: str = FLOOR_SHOWS
    groups: list[tuple[str, str, list[MetricRow]]] = field(default_factory=list)
    domains: list[DomainTable] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)


def score_table(summary: SummaryRecord, rows: Iterable[TaskRecord]) -> ScoreTable:
    """The tables of a run, from its summary; the reasons of missing numbers come from the rows."""
    reasons = _reasons(rows)
    cells = {(cell["metric"], cell["kind"], cell["domain"]): cell for cell in summary["cells"]}
    sizes = {kind: max((c["tasks"] for c in summary["cells"] if c["kind"] == kind), default=0) for kind in KINDS}
    table = ScoreTable([(kind, title, sizes[kind]) for kind, title in KINDS.items() if sizes[kind]])
    table.floor = summary.get("floor", FLOOR_SHOWS)
    shown = [kind for kind, _, _ in table.kinds]
    by_family: dict[str, list[MetricRow]] = {}
    for name, facts in summary["metrics"].items():
        views = {}
        for kind in shown:
            cell = cells.get((name, kind, None))
            views[kind] = _view(cell, facts, reasons.get((name, kind, None), {}), table)
        arrow, direction = _direction(facts)
        by_family.setdefault(facts["family"], []).append(MetricRow(name, facts, arrow, direction, views))
    for family in [*FAMILIES, *(f for f in by_family if f not in FAMILIES)]:
        if family in by_family:
            title, question = FAMILIES.get(family, (family.capitalize(), ""))
            table.groups.append((title, question, by_family[family]))
    table.domains = [_domain_table(kind, summary, cells, reasons, table) for kind in shown]
    return table


def _domain_table(
    kind: str,
    summary: SummaryRecord,
    cells: Mapping[tuple[str, str, str | None], Cell],
    reasons: Mapping[tuple[str, str, str | None], Mapping[str, int]],
    table: ScoreTable,
) -> DomainTable:
    domains = sorted({domain for _, k, domain in cells if k == kind and domain is not None})
    rows = []
    for _, _, metrics in table.groups:
        for metric in metrics:
            if metric.facts.get("per") == "set":
                continue
            views = [
                _view(
                    cells.get((metric.name, kind, domain)),
                    metric.facts,
                    reasons.get((metric.name, kind, domain), {}),
                    table,
                )
                for domain in domains
            ]
            rows.append((metric.name, metric.facts["unit"], metric.arrow, views))
    return DomainTable(KINDS[kind], domains, rows)


def _view(cell: Cell | None, facts: MetricInfo, reasons: Mapping[str, int], table: ScoreTable) -> CellView:
    if cell is None:
        return CellView(None, None, None, None, None, "not computed", table.notes.number("not computed"))
    decimals = facts["decimals"]
    bounds = [None if b is None or b["mean"] is None else number(b["mean"], decimals) for b in _bounds(cell)]
    mean, low, high = cell["value"]["mean"], cell["value"]["low"], cell["value"]["high"]
    reason = max(reasons, key=lambda text: reasons[text]) if reasons else None
    if mean is None:
        reason = (
            reason
            or cell["value"]["reason"]
            or ("no task of this group is finished" if cell["tasks"] == 0 else "no task has a number")
        )
        return CellView(None, None, bounds[0], bounds[1], None, reason, table.notes.number(reason))
    counted = f"{cell['counted']} of {cell['tasks']}" if cell["missing"] else None
    note = table.notes.number(reason) if counted and reason else None
    why = cell["value"]["reason"]
    shown = interval(mean, low, high, decimals)
    return CellView(
        number(mean, decimals),
        shown,
        bounds[0],
        bounds[1],
        scale(cell, facts, table.floor),
        reason if counted else None,
        note,
        counted,
        table.notes.number(f"No interval: {why}") if why and shown is None and cell["domain"] is None else None,
    )


def _bounds(cell: Cell):  # type: ignore[no-untyped-def]
    return cell["floor"], cell["ceiling"]


def _direction(facts: MetricInfo) -> tuple[str, str]:
    if facts["direction"] in DIRECTIONS:
        return DIRECTIONS[facts["direction"]]
    best = number(facts["ceiling"], 0 if facts["ceiling"] == round(facts["ceiling"]) else 2)
    return f"→{NARROW}{best}", f"best at {best}"


def _reasons(rows: Iterable[TaskRecord]) -> dict[tuple[str, str, str | None], Counter[str]]:
    """How often each reason of a missing number occurs, by metric, kind and domain (None: all)."""
    found: dict[tuple[str, str, str | None], Counter[str]] = {}
    for row in rows:
        task = row["task"]
        for name, score in row["scores"].items():
            if score["value"] is None and score["reason"]:
                for domain in (None, task["driving_domain"]):
                    found.setdefault((name, task["kind"], domain), Counter())[score["reason"]] += 1
    return found
