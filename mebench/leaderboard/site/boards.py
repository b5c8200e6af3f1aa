"""What a board shows: rows of results, columns of metrics by family, one table for each kind of task."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mebench.leaderboard.folder import Result, Submission
from mebench.leaderboard.ranking import Place, places, without_each
from mebench.leaderboard.schema import Tier
from mebench.protocol import Protocol
from mebench.runs.badness import badness
from mebench.runs.page.numerals import interval, number
from mebench.runs.page.scale import Scale, scale
from mebench.runs.page.scores import FAMILIES, KINDS
from mebench.runs.schema import Cell, MetricInfo

BOUNDS = {"floor": "Still source", "ceiling": "True answer"}


@dataclass(frozen=True)
class Entry:
    """One result on a board. newest: whether no version of the method supersedes it."""

    submission: Submission
    result: Result
    newest: bool

    @property
    def name(self) -> str:
        """Of the result, unique on the site."""
        return f"{self.submission.key}/{self.result.name}"

    @property
    def slug(self) -> str:
        """Of the result, as part of a file name."""
        return f"{self.submission.manifest.method}--{self.submission.manifest.version}--{self.result.name}"

    @property
    def page(self) -> str:
        """Path of its page on the site."""
        return f"result/{self.slug}.html"

    @property
    def title(self) -> str:
        """Title of the method with its backbone, in one line."""
        return self.submission.card.title + (f" on {self.result.backbone}" if self.result.backbone else "")

    @property
    def ranked(self) -> bool:
        """Whether it has a place among the others: bounds have none, nor what was fitted to the test clips."""
        card = self.submission.card
        return card.role in ("baseline", "method") and card.track == "frozen"

    @property
    def tier(self) -> Tier:
        """How far its numbers can be trusted."""
        return self.submission.tiers[self.result.name]


@dataclass(frozen=True)
class CellView:
    """A number on the board. mean, text: the number, and how it is written. sort: its badness, small is good; None sorts
    last."""

    mean: float | None
    text: str | None
    interval: str | None
    sort: float | None
    bar: Scale | None
    best: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class Row:
    """entry: None for floor and ceiling, which ``bound`` names. place: None where a result is not ranked. cells: by
    metric."""

    entry: Entry | None
    title: str
    place: Place | None
    rank_text: str
    cells: dict[str, CellView]
    failed: int
    bound: str = ""


@dataclass(frozen=True)
class Table:
    """One kind of task. families: (name, title, question, metrics). rows: the best first. bounds: ceiling, then floor.
    decisive: the metric without which the order changes most, and Kendall's tau between the two orders."""

    kind: str
    title: str
    tasks: int
    families: list[tuple[str, str, str, list[MetricInfo]]]
    rows: list[Row]
    bounds: list[Row]
    decisive: tuple[str, float] | None = None

    @property
    def ranked(self) -> int:
        """How many results have a place."""
        return sum(row.place is not None for row in self.rows)

    @property
    def leaders(self) -> list[Row]:
        """Those that cannot be told apart from the first."""
        return [row for row in self.rows if row.place is not None and row.place.group == 0]


@dataclass(frozen=True)
class Board:
    """One protocol with everything that was submitted for it as it is today. outdated: results on older versions of it."""

    protocol: Protocol
    entries: list[Entry]
    tables: list[Table]
    outdated: int
    facts: Mapping[str, MetricInfo]
    """Of its metrics, in the protocol's order."""

    @property
    def updated(self) -> str | None:
        """Date of the newest submission."""
        return max((entry.submission.manifest.created.isoformat() for entry in self.entries), default=None)


def make_board(protocol: Protocol, submissions: Sequence[Submission], facts: Mapping[str, MetricInfo]) -> Board:
    """The board of one protocol."""
    replaced = {(s.manifest.method, s.manifest.supersedes) for s in submissions}
    found = [
        Entry(submission, result, (submission.manifest.method, submission.manifest.version) not in replaced)
        for submission in submissions
        for result in submission.results
        if result.protocol == protocol.name
    ]
    entries = [entry for entry in found if entry.result.run.protocol.hash == protocol.hash]
    shown = {name: facts[name] for name in protocol.metrics if name in facts}
    tables = [
        _table(kind, title, entries, shown)
        for kind, title in KINDS.items()
        if any((name, kind, None) in entry.result.cells for entry in entries for name in shown)
    ]
    return Board(protocol, entries, tables, len(found) - len(entries), shown)


def _table(kind: str, title: str, entries: Sequence[Entry], facts: Mapping[str, MetricInfo]) -> Table:
    ranked = {e.name: e.result for e in entries if e.newest and e.ranked}
    known = places(ranked, facts, kind) if ranked else {}
    rows = [_row(entry, kind, facts, known.get(entry.name)) for entry in entries if not _is_bound(entry)]
    rows.sort(
        key=lambda row: (row.place.rank if row.place else math.inf, row.title, row.entry.name if row.entry else "")
    )
    families = [
        (family, *FAMILIES.get(family, (family.capitalize(), "")), [f for f in facts.values() if f["family"] == family])
        for family in [*FAMILIES, *(f["family"] for f in facts.values() if f["family"] not in FAMILIES)]
        if any(f["family"] == family for f in facts.values())
    ]
    sizes = [
        entry.result.cells[name, kind, None]["tasks"]
        for entry in entries
        for name in facts
        if (name, kind, None) in entry.result.cells
    ]
    decisive = next(iter(without_each(ranked, facts, kind).items()), None)
    bounds = _bounds(entries, kind, facts)
    return Table(kind, title, max(sizes, default=0), families, _best(rows, facts), bounds, decisive)


def _is_bound(entry: Entry) -> bool:
    return entry.submission.card.role in ("floor", "ceiling")


def _row(entry: Entry, kind: str, facts: Mapping[str, MetricInfo], place: Place | None) -> Row:
    cells = entry.result.cells
    views = {name: cell_view(cells.get((name, kind, None)), info) for name, info in facts.items()}
    failed = sum(row["status"] == "failed" and row["task"]["kind"] == kind for row in entry.result.rows)
    return Row(entry, entry.submission.card.title, place, _rank(place), views, failed)


def cell_view(cell: Cell | None, info: MetricInfo) -> CellView:
    """How one aggregate is written."""
    if cell is None or cell["value"]["mean"] is None:
        return CellView(None, None, None, None, None, reason=(cell["value"]["reason"] if cell else None) or "no number")
    value, decimals = cell["value"], info["decimals"]
    mean = value["mean"]
    assert mean is not None  # asked above
    shown = interval(mean, value["low"], value["high"], decimals)
    return CellView(mean, number(mean, decimals), shown, badness(info, mean), scale(cell, info))


def _rank(place: Place | None) -> str:
    if place is None:
        return "–"
    low, high = math.floor(place.low), math.ceil(place.high)
    return str(low) if low == high else f"{low}–{high}"


def _best(rows: list[Row], facts: Mapping[str, MetricInfo]) -> list[Row]:
    """``rows`` with the best number of each metric marked, among those that are ranked."""
    best = {
        name: min((s for row in rows if row.place and (s := row.cells[name].sort) is not None), default=None)
        for name in facts
    }
    return [
        Row(
            row.entry,
            row.title,
            row.place,
            row.rank_text,
            {
                name: CellView(
                    **{
                        **vars(cell),
                        "best": row.place is not None and cell.sort is not None and cell.sort == best[name],
                    }
                )
                for name, cell in row.cells.items()
            },
            row.failed,
        )
        for row in rows
    ]


def _bounds(entries: Sequence[Entry], kind: str, facts: Mapping[str, MetricInfo]) -> list[Row]:
    """Ceiling and floor on the same tasks: of the first result that has them."""
    rows = []
    for bound in ("ceiling", "floor"):
        found: dict[str, Any] = {}
        for name in facts:
            cells = (entry.result.cells.get((name, kind, None)) for entry in entries)
            estimate = next((c[bound] for c in cells if c and c[bound]), None)
            mean = estimate["mean"] if estimate else None
            text = None if mean is None else number(mean, facts[name]["decimals"])
            found[name] = CellView(mean, text, None, None, None)
        if any(view.text for view in found.values()):
            rows.append(Row(None, BOUNDS[bound], None, "", found, 0, bound))
    return rows
