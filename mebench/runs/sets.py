"""Numbers of whole sets, made of stored vectors: one for each kind of task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mebench import registry
from mebench.metrics.encoders.clip_vector import PairVectors
from mebench.metrics.set_metric import Member, SetMetric
from mebench.runs.people import driving_person, source_person
from mebench.runs.plan import Plan
from mebench.runs.schema import Cell, Estimate, MetricInfo, SetRecord, TaskRecord
from mebench.runs.store import RunStore
from mebench.statistics.set_score import SetScore

Numbers = dict[tuple[str, str], tuple[Cell, SetRecord]]
"""By metric and kind of task."""


def set_numbers(plan: Plan, rows: Sequence[TaskRecord], bounds: Mapping[str, Plan]) -> Numbers:
    """The cells of all set metrics of ``plan``, with floor and ceiling from the bounds' own vectors."""
    wanted = {name: info for name, info in plan.metrics.items() if info.get("per") == "set"}
    if not wanted:
        return {}
    stores = {"run": RunStore(plan.folder), **{role: RunStore(bound.folder) for role, bound in bounds.items()}}
    keys = [row["task"]["key"] for row in rows]
    vectors = {role: {key: store.vectors_of(store.row(key)) for key in keys} for role, store in stores.items()}
    numbers: Numbers = {}
    for kind in sorted({row["task"]["kind"] for row in rows}):
        group = [row for row in rows if row["task"]["kind"] == kind]
        for name, info in wanted.items():
            metric: SetMetric = registry.load("metrics", name)
            scores = {
                role: _score(metric, group, found, plan.protocol.statistics.confidence)
                for role, found in vectors.items()
            }
            numbers[name, kind] = _cell(info, group, scores), _record(name, kind, scores["run"])
    return numbers


def _score(
    metric: SetMetric, rows: Sequence[TaskRecord], vectors: Mapping[str, dict[str, PairVectors]], confidence: float
) -> SetScore:
    members = []
    for row in rows:
        task = row["task"]
        found = vectors[task["key"]].get(metric.encoder.name)
        if found is not None:
            members.append(Member(found, source_person(task), driving_person(task)))
    if not members:
        reasons = [row["scores"][metric.facts.name]["reason"] for row in rows if metric.facts.name in row["scores"]]
        why = next((reason for reason in reasons if reason), "no clip has stored features.")
        return SetScore(None, None, None, None, None, None, 0, 0, 0, why)
    return metric.combine(members, confidence)


def _cell(info: MetricInfo, rows: Sequence[TaskRecord], scores: Mapping[str, SetScore]) -> Cell:
    kind, run = rows[0]["task"]["kind"], scores["run"]
    bounds = {role: _estimate(scores[role]) if role in scores else None for role in ("floor", "ceiling")}
    return {
        "metric": info["name"],
        "kind": kind,
        "domain": None,
        "tasks": len(rows),
        "counted": run.made,
        "failed": sum(row["status"] == "failed" for row in rows),
        "missing": len(rows) - run.made,
        "driving_subjects": len({driving_person(row["task"]) for row in rows}),
        "source_subjects": len({source_person(row["task"]) for row in rows}),
        "value": _estimate(run),
        "interval": "bootstrap",
        "floor": bounds["floor"],
        "ceiling": bounds["ceiling"],
    }


def _estimate(score: SetScore) -> Estimate:
    return {"mean": score.value, "low": score.low, "high": score.high, "reason": score.reason}


def _record(name: str, kind: str, score: SetScore) -> SetRecord:
    return {
        "metric": name,
        "kind": "self" if kind == "self" else "cross",
        "clips": score.made,
        "subjects": score.subjects,
        "p_value": score.p_value,
        "halves": score.floor,
        "value_at_halves": score.value_at_floor,
        "reason": score.reason,
    }
