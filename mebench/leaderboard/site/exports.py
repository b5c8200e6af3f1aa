"""Everything that the pages show, as JSON and CSV: a stable interface below ``api/v1`` and tables below ``data``."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mebench.leaderboard.folder import Submission
from mebench.leaderboard.site.boards import Board
from mebench.runs.schema import MetricInfo

API_VERSION = 1

CSV_COLUMNS = (
    "method",
    "version",
    "backbone",
    "tier",
    "newest",
    "protocol",
    "kind",
    "domain",
    "metric",
    "mean",
    "low",
    "high",
    "tasks",
    "counted",
    "failed",
    "floor",
    "ceiling",
)


def index_json(boards: Sequence[Board], submissions: Sequence[Submission]) -> dict[str, Any]:
    """``api/v1/index.json``: what there is, and where."""
    return {
        "api_version": API_VERSION,
        "boards": [
            {
                "protocol": b.protocol.name,
                "hash": b.protocol.hash,
                "results": len(b.entries),
                "json": f"api/v1/boards/{b.protocol.name}.json",
            }
            for b in boards
        ],
        "submissions": [
            {"method": s.manifest.method, "version": s.manifest.version, "json": f"api/v1/submissions/{s.key}.json"}
            for s in submissions
        ],
        "metrics": "api/v1/metrics.json",
    }


def board_json(board: Board) -> dict[str, Any]:
    """``api/v1/boards/<protocol>.json``."""
    return {
        "api_version": API_VERSION,
        "protocol": board.protocol.content(),
        "hash": board.protocol.hash,
        "tables": [
            {
                "kind": table.kind,
                "tasks": table.tasks,
                "rows": [
                    {
                        "method": row.entry.submission.manifest.method,
                        "version": row.entry.submission.manifest.version,
                        "title": row.title,
                        "backbone": row.entry.result.backbone,
                        "tier": row.entry.tier,
                        "newest": row.entry.newest,
                        "page": row.entry.page,
                        "failed": row.failed,
                        "place": asdict(row.place) if row.place else None,
                        "cells": {
                            name: cell["value"]
                            for (name, kind, domain), cell in row.entry.result.cells.items()
                            if kind == table.kind and domain is None
                        },
                    }
                    for row in table.rows
                    if row.entry is not None
                ],
            }
            for table in board.tables
        ],
    }


def board_csv(board: Board) -> str:
    """``data/<protocol>.csv``: one line for each result, kind, domain and metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for entry in board.entries:
        manifest = entry.submission.manifest
        head = [manifest.method, manifest.version, entry.result.backbone or "", entry.tier, str(entry.newest).lower()]
        for (metric, kind, domain), cell in entry.result.cells.items():
            value = cell["value"]
            bounds = [each["mean"] if each else None for each in (cell["floor"], cell["ceiling"])]
            numbers = [
                value["mean"],
                value["low"],
                value["high"],
                cell["tasks"],
                cell["counted"],
                cell["failed"],
                *bounds,
            ]
            writer.writerow(
                [*head, entry.result.protocol, kind, domain or "", metric, *("" if n is None else n for n in numbers)]
            )
    return text.getvalue()


def submission_json(submission: Submission) -> dict[str, Any]:
    """``api/v1/submissions/<method>/<version>.json``."""
    return {
        "api_version": API_VERSION,
        "card": submission.card.model_dump(mode="json"),
        "manifest": submission.manifest.model_dump(mode="json"),
        "tiers": submission.tiers,
        "results": [
            {
                "name": result.name,
                "backbone": result.backbone,
                "run": result.run.model_dump(mode="json"),
                "cells": list(result.cells.values()),
                "sets": result.sets,
                "clips": f"data/{submission.key}/{result.name}/clips.csv",
            }
            for result in submission.results
        ],
    }


def metrics_json(facts: Mapping[str, MetricInfo]) -> dict[str, Any]:
    """``api/v1/metrics.json``."""
    return {"api_version": API_VERSION, "metrics": list(facts.values())}
