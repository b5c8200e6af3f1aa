"""The JSON interface below ``api/v1``: every file is one of these models, and ``api/v1/schema.json`` is made of them.

Within version 1 keys are only ever added. Numbers are numbers; what is missing is ``null``.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from mebench.leaderboard.folder import Result, Submission
from mebench.leaderboard.schema import Tier
from mebench.leaderboard.site.boards import Board, Entry, Row
from mebench.protocol import Protocol
from mebench.runs.schema import MetricInfo, TaskRecord
from mebench.runs.summary import counted_value, number_of

API_VERSION = 1


class Model(BaseModel):
    """Unknown keys are refused, so that nothing is published by accident."""

    model_config = ConfigDict(extra="forbid")


class IndexBoard(Model):
    """protocol: its name. json: path of :class:`ApiBoard`; csv, clips_csv: tables of means and of single clips."""

    protocol: str
    hash: str
    results: int
    json_path: str
    csv: str
    clips_csv: str


class IndexSubmission(Model):
    """json_path: of :class:`ApiSubmission`."""

    method: str
    version: str
    json_path: str


class ApiIndex(Model):
    """``api/v1/index.json``: what there is, and where; paths count from the root of the site."""

    api_version: int = API_VERSION
    boards: list[IndexBoard]
    submissions: list[IndexSubmission]
    metrics: str = "api/v1/metrics.json"
    protocols: str = "api/v1/protocols.json"
    reality: str = "api/v1/reality.json"
    json_schema: str = "api/v1/schema.json"
    feed: str = "feed.xml"


class ApiEstimate(Model):
    """A mean with its 95 % interval. reason: why one of them is missing."""

    mean: float | None
    low: float | None
    high: float | None
    reason: str | None


class ApiPlace(Model):
    """Place among the newest versions of all methods. rank: 1 is best; low, high: its 95 % interval; best: share of the draws
    in which it is first; group: results of one number cannot be told apart from the best of the group, 0 is the first;
    families: mean rank inside each family of metrics; weights_won: share of all weightings of the families in which it is
    first."""

    rank: float
    low: float
    high: float
    best: float
    group: int
    families: dict[str, float]
    weights_won: float


class ApiRow(Model):
    """One result on a board. page: its page. json_path: of :class:`ApiResult`. place: null where it is not ranked. cells: by
    metric."""

    method: str
    version: str
    title: str
    backbone: str | None
    tier: Tier
    newest: bool
    created: datetime.date
    open_weights: bool
    page: str
    json_path: str
    failed: int
    place: ApiPlace | None
    cells: dict[str, ApiEstimate]


class ApiTable(Model):
    """One kind of task. floor, ceiling: means of the still source and of the true answer on the same tasks, by metric."""

    kind: Literal["self", "cross"]
    tasks: int
    floor: dict[str, float | None]
    ceiling: dict[str, float | None]
    rows: list[ApiRow]


class ApiBoard(Model):
    """``api/v1/boards/<protocol>.json``. protocol: its content. updated: of the newest submission."""

    api_version: int = API_VERSION
    protocol: dict[str, Any]
    hash: str
    updated: datetime.date | None
    tables: list[ApiTable]


class ApiTask(Model):
    """One task of a result. amplitude: peak of the reference's expression in pixels at the scoring size. datasets: how many
    the protocol has."""

    key: str
    kind: Literal["self", "cross"]
    dataset: str
    source_dataset: str
    datasets: int
    driving_subject: str
    source_subject: str
    driving_domain: str
    source_domain: str
    action_units: list[str]
    amplitude: float | None
    hash: str
    status: Literal["ok", "failed"]
    error: str | None


class ApiResult(Model):
    """``api/v1/results/<method>--<version>--<result>.json``: single clips. values: one row a task, one column a metric: the
    number that counts, so a failed clip has the worst value. floor, ceiling: the same of the bounds; a row is null where
    there is none. cross: how intervals of cross-identity tasks are made."""

    api_version: int = API_VERSION
    method: str
    version: str
    backbone: str | None
    protocol: str
    protocol_hash: str
    cross: Literal["two-way", "clustered"]
    metrics: list[str]
    tasks: list[ApiTask]
    values: list[list[float | None]]
    floor: list[list[float | None] | None]
    ceiling: list[list[float | None] | None]


class ApiSubmissionResult(Model):
    """run: provenance, as in ``run.json``. cells: means with intervals by metric, kind and domain. sets: of set metrics.
    costs: as in ``costs.json``; null where they were not measured."""

    name: str
    backbone: str | None
    protocol: str
    page: str
    json_path: str
    clips: str
    run: dict[str, Any]
    cells: list[dict[str, Any]]
    sets: list[dict[str, Any]]
    costs: dict[str, Any] | None = None


class ApiSubmission(Model):
    """``api/v1/submissions/<method>/<version>.json``. card, manifest: as submitted. tiers: by result."""

    api_version: int = API_VERSION
    card: dict[str, Any]
    manifest: dict[str, Any]
    tiers: dict[str, Tier]
    results: list[ApiSubmissionResult]


class ApiMetrics(Model):
    """``api/v1/metrics.json``: facts of every metric."""

    api_version: int = API_VERSION
    metrics: list[dict[str, Any]]


class ApiProtocols(Model):
    """``api/v1/protocols.json``: content and hash of every protocol."""

    api_version: int = API_VERSION
    protocols: list[dict[str, Any]]


class ApiReality(Model):
    """``api/v1/reality.json``: whether the open set orders methods as recorded databases do. needed: methods with results on
    both sides before anything is said; why: of that number. comparisons: of :class:`mebench.leaderboard.reality.Reality`."""

    api_version: int = API_VERSION
    needed: int
    why: str
    comparisons: list[dict[str, Any]]


FILES: dict[str, type[Model]] = {
    "index.json": ApiIndex,
    "metrics.json": ApiMetrics,
    "protocols.json": ApiProtocols,
    "reality.json": ApiReality,
    "boards/<protocol>.json": ApiBoard,
    "results/<method>--<version>--<result>.json": ApiResult,
    "submissions/<method>/<version>.json": ApiSubmission,
}
"""What lies below ``api/v1``, beside ``schema.json``."""


def schema() -> dict[str, Any]:
    """``api/v1/schema.json``: JSON Schema of each file, by its path."""
    return {"api_version": API_VERSION, "files": {path: model.model_json_schema() for path, model in FILES.items()}}


def index(boards: Sequence[Board], submissions: Sequence[Submission]) -> ApiIndex:
    """What there is."""
    return ApiIndex(
        boards=[
            IndexBoard(
                protocol=(name := board.protocol.name),
                hash=board.protocol.hash,
                results=len(board.entries),
                json_path=f"api/v1/boards/{name}.json",
                csv=f"data/{name}.csv",
                clips_csv=f"data/{name}-clips.csv",
            )
            for board in boards
        ],
        submissions=[
            IndexSubmission(
                method=s.manifest.method, version=s.manifest.version, json_path=f"api/v1/submissions/{s.key}.json"
            )
            for s in submissions
        ],
    )


def board(found: Board) -> ApiBoard:
    """One board."""
    bounds = {(table.kind, row.bound): row for table in found.tables for row in table.bounds}

    def means(kind: str, bound: str) -> dict[str, float | None]:
        row = bounds.get((kind, bound))
        return {name: view.mean for name, view in row.cells.items()} if row else {}

    return ApiBoard(
        protocol=found.protocol.content(),
        hash=found.protocol.hash,
        updated=datetime.date.fromisoformat(found.updated) if found.updated else None,
        tables=[
            ApiTable(
                kind=table.kind,  # type: ignore[arg-type]
                tasks=table.tasks,
                floor=means(table.kind, "floor"),
                ceiling=means(table.kind, "ceiling"),
                rows=[_row(row, row.entry, table.kind) for row in table.rows if row.entry is not None],
            )
            for table in found.tables
        ],
    )


def _row(row: Row, entry: Entry, kind: str) -> ApiRow:
    manifest = entry.submission.manifest
    return ApiRow(
        method=manifest.method,
        version=manifest.version,
        title=row.title,
        backbone=entry.result.backbone,
        tier=entry.tier,
        newest=entry.newest,
        created=manifest.created,
        open_weights=entry.submission.card.open_weights,
        page=entry.page,
        json_path=result_path(entry),
        failed=row.failed,
        place=ApiPlace(**vars(row.place)) if row.place else None,
        cells={
            name: ApiEstimate(**cell["value"])
            for (name, k, domain), cell in entry.result.cells.items()
            if k == kind and domain is None
        },
    )


def result_path(entry: Entry) -> str:
    """Where :class:`ApiResult` of an entry lies."""
    return f"api/v1/results/{entry.slug}.json"


def result(entry: Entry, protocol: Protocol, facts: Mapping[str, MetricInfo], peaks: Mapping[str, float]) -> ApiResult:
    """The clips of one result. peaks: amplitude by task, from any result: a failed clip does not know its own."""
    found, manifest = entry.result, entry.submission.manifest
    metrics = [name for name in protocol.metrics if name in facts and facts[name]["per"] == "clip"]
    return ApiResult(
        method=manifest.method,
        version=manifest.version,
        backbone=found.backbone,
        protocol=protocol.name,
        protocol_hash=protocol.hash,
        cross=protocol.statistics.cross,
        metrics=metrics,
        tasks=[_task(row, protocol, peaks) for row in found.rows],
        values=[[number_of(row, facts[name], found.bounds) for name in metrics] for row in found.rows],
        floor=[_bound(found, "floor", row, metrics, facts) for row in found.rows],
        ceiling=[_bound(found, "ceiling", row, metrics, facts) for row in found.rows],
    )


def _task(row: TaskRecord, protocol: Protocol, peaks: Mapping[str, float]) -> ApiTask:
    task = row["task"]
    return ApiTask(
        key=task["key"],
        kind=task["kind"],
        dataset=task["dataset"],
        source_dataset=task.get("source_dataset", task["dataset"]),
        datasets=len(protocol.datasets),
        driving_subject=task["driving_subject"],
        source_subject=task["source_subject"],
        driving_domain=task["driving_domain"],
        source_domain=task["source_domain"],
        action_units=task["action_units"],
        amplitude=peaks.get(task["key"]),
        hash=task["hash"],
        status=row["status"],
        error=row["error"],
    )


def _bound(
    found: Result,
    name: Literal["floor", "ceiling"],
    row: TaskRecord,
    metrics: Sequence[str],
    facts: Mapping[str, MetricInfo],
) -> list[float | None] | None:
    bound = found.bounds[name]
    given = bound.get(row["task"]["key"]) if bound else None
    if given is None:
        return None
    return [counted_value(given["status"], given["scores"].get(m), facts[m]["worst"]) for m in metrics]


def submission(found: Submission, entries: Mapping[str, Entry]) -> ApiSubmission:
    """One submission. entries: by name of the result; those that are on no board of today have no page."""
    return ApiSubmission(
        card=found.card.model_dump(mode="json"),
        manifest=found.manifest.model_dump(mode="json"),
        tiers=found.tiers,
        results=[
            ApiSubmissionResult(
                name=each.name,
                backbone=each.backbone,
                protocol=each.protocol,
                page=entries[each.name].page if each.name in entries else "",
                json_path=result_path(entries[each.name]) if each.name in entries else "",
                clips=f"data/{found.key}/{each.name}/clips.csv",
                run=each.run.model_dump(mode="json"),
                cells=[dict(cell) for cell in each.cells.values()],
                sets=[dict(each_set) for each_set in each.sets],
                costs=each.costs.model_dump(mode="json") if each.costs else None,
            )
            for each in found.results
        ],
    )
