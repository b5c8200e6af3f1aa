"""What the numbers of a result must obey: every task there once, possible values, and sums that follow from the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from mebench import registry
from mebench.errors import MebenchError
from mebench.leaderboard.aggregate import CLOSE, Cells, aggregate, differences
from mebench.leaderboard.features import unpack
from mebench.leaderboard.folder import Result, read_bytes
from mebench.leaderboard.licensed import withheld
from mebench.protocol import Protocol, Task
from mebench.runs.people import driving_person, source_person
from mebench.runs.schema import BoundRow, MetricInfo, TaskRecord

Found = tuple[Literal["error", "warning"], str, str, str]
"""Level, check, place and sentence: the fields of :class:`mebench.leaderboard.verify.Finding`."""

MOST_NAMED = 5
"""Findings of one kind that are told one by one."""

_FIELDS = (
    "kind",
    "dataset",
    "driving",
    "source",
    "driving_subject",
    "source_subject",
    "driving_domain",
    "source_domain",
    "hash",
)


def check(
    result: Result, protocol: Protocol, facts: Mapping[str, MetricInfo], role: str, tasks: Mapping[str, Task] | None
) -> Iterator[Found]:
    """Every check of one result. tasks: that it must hold, by key; None where nobody can tell on this machine."""
    where = f"results/{result.name}"
    stale = [n for n in protocol.metrics if n not in result.run.metrics or n not in facts]
    stale += [n for n in result.run.metrics if n in facts and result.run.metrics[n].version != facts[n]["version"]]
    if stale:
        yield (
            "error",
            "metrics",
            f"{where}/run.json",
            f"'{stale[0]}' is missing or of another version than today's: run it again",
        )
        return
    if extra := sorted(set(result.run.metrics) - set(protocol.metrics)):
        yield "error", "metrics", f"{where}/run.json", f"'{extra[0]}' is no metric of this protocol"
        return
    clipwise = {name: facts[name] for name in protocol.metrics if facts[name]["per"] == "clip"}
    yield from _few("completeness", f"{where}/clips.csv", _tasks(result, tasks))
    yield from _few("values", f"{where}/clips.csv", _values(result, clipwise))
    yield from _few("bounds", f"{where}/bounds.csv", _bounds(result, protocol))
    yield from _truth(result, clipwise, role, where)
    rows = [*result.rows, *_failures(result, tasks)]
    if len({row["task"]["key"] for row in rows}) != len(rows):
        return  # a task that stands twice is told above; sums over it mean nothing
    stored = {key: cell for key, cell in result.cells.items() if key[0] in clipwise}
    known = aggregate(protocol, clipwise, rows, result.bounds)
    yield from _few("aggregates", f"{where}/summary.json", differences(stored, known))
    yield from _few("sets", f"{where}/summary.json", _sets(result, facts, protocol))


def _few(name: str, where: str, sentences: Any) -> Iterator[Found]:
    told = list(sentences)
    for text in told[:MOST_NAMED]:
        level: Literal["error", "warning"] = "warning" if text.startswith("(") else "error"
        yield level, name, where, text
    if len(told) > MOST_NAMED:
        yield "error", name, where, f"and {len(told) - MOST_NAMED} more"


def _tasks(result: Result, tasks: Mapping[str, Task] | None) -> Iterator[str]:
    counts = Counter(row["task"]["key"] for row in result.rows)
    yield from (f"the task '{key}' stands there {times} times" for key, times in counts.items() if times > 1)
    if tasks is None:
        if len(counts) != result.run.planned:
            yield f"{len(counts)} of {result.run.planned} planned tasks; a clip that was not made is a row with status 'failed'"
        yield "(the data of this protocol are not on this machine: the list of tasks was not compared)"
        return
    yield from (f"'{key}' is no task of this protocol" for key in counts if key not in tasks)
    for key in tasks:
        if key not in counts:
            yield f"(the task '{key}' is missing and counts as failed, at every metric's worst value)"
    for row in result.rows:
        task = tasks.get(row["task"]["key"])
        if task is not None:
            record = task.record()
            wrong = [name for name in _FIELDS if row["task"][name] != record[name]]  # type: ignore[literal-required]
            if wrong:
                yield f"'{wrong[0]}' of the task '{task.key}' is not that of the protocol"


def _failures(result: Result, tasks: Mapping[str, Task] | None) -> list[TaskRecord]:
    """Rows for the tasks that a result leaves out: failed."""
    there = {row["task"]["key"] for row in result.rows}
    missing = [task for key, task in (tasks or {}).items() if key not in there]
    made = [
        {
            "task": task.record(),
            "status": "failed",
            "error": "not submitted.",
            "clip": None,
            "scores": {},
            "curves": None,
        }
        for task in missing
    ]
    return cast("list[TaskRecord]", made)


def _values(result: Result, facts: Mapping[str, MetricInfo]) -> Iterator[str]:
    for row in result.rows:
        key = row["task"]["key"]
        if row["status"] == "ok" and row["clip"] is None:
            yield f"'{key}' is ok and has no hash of its output"
        if row["status"] == "failed" and not row["error"]:
            yield f"'{key}' failed and does not say why"
        for name, score in row["scores"].items():
            value, info = score["value"], facts[name]
            if value is None:
                if not score["reason"]:
                    yield f"'{name}' of '{key}' is missing without a reason"
            elif impossible(value, info):
                yield f"'{name}' of '{key}' is {value:g}, better than a perfect output ({info['ceiling']:g})"


def impossible(value: float, info: MetricInfo) -> bool:
    """Whether a clip cannot have this value: better than a perfect output, beyond what rounding does."""
    room = 1e-6 * max(1.0, abs(info["ceiling"]))
    if info["direction"] == "higher":
        return value > info["ceiling"] + room
    return info["direction"] == "lower" and value < info["ceiling"] - room


def _bounds(result: Result, protocol: Protocol) -> Iterator[str]:
    keys = {row["task"]["key"] for row in result.rows}
    for name in ("floor", "ceiling"):
        rows = result.bounds["floor"] if name == "floor" else result.bounds["ceiling"]
        if rows is None:
            if name == "floor":
                yield "has no floor: run again without --no-bounds"
            continue
        if set(rows) - keys:
            yield f"the {name} has tasks that the method has not"
        if keys - set(rows):
            yield f"the {name} lacks the task '{sorted(keys - set(rows))[0]}'"


def _truth(result: Result, facts: Mapping[str, MetricInfo], role: str, where: str) -> Iterator[Found]:
    """Outputs whose numbers are those of the true answer, or of the still source, are that picture."""
    for name, allowed in (("ceiling", ("ceiling",)), ("floor", ("floor",))):
        bound = result.bounds["ceiling"] if name == "ceiling" else result.bounds["floor"]
        if bound is None or role in allowed:
            continue
        same = sum(
            _same(row, bound[key]) for row in result.rows if row["scores"] and (key := row["task"]["key"]) in bound
        )
        if facts and 2 * same > len(result.rows):
            level: Literal["error", "warning"] = "error" if name == "ceiling" else "warning"
            what = "the true answer" if name == "ceiling" else "the still source"
            yield (
                level,
                "copies",
                f"{where}/clips.csv",
                f"{same} of {len(result.rows)} clips have exactly the numbers of {what}",
            )


def _same(row: TaskRecord, bound: BoundRow) -> bool:
    scores = bound["scores"]
    return all(m in scores and _equal(score["value"], scores[m]["value"]) for m, score in row["scores"].items())


def _equal(first: float | None, second: float | None) -> bool:
    return first == second or (
        first is not None and second is not None and abs(first - second) <= 1e-9 * max(1.0, abs(first))
    )


def _sets(result: Result, facts: Mapping[str, MetricInfo], protocol: Protocol) -> Iterator[str]:
    """Numbers of set metrics, made again of the stored vectors."""
    wanted = [name for name in protocol.metrics if facts[name]["per"] == "set"]
    stored: Cells = {key: cell for key, cell in result.cells.items() if key[0] in wanted}
    yield from (f"'{key[0]}' is no metric of this protocol" for key in result.cells if key[0] not in protocol.metrics)
    counted = {key: cell for key, cell in stored.items() if cell["value"]["mean"] is not None}
    if not counted:
        return
    if withheld(result.protocol):
        yield "(vectors of licensed faces are no part of a submission: the numbers of sets were not computed again)"
        return
    file = result.folder / "features.npz"
    if not file.is_file():
        yield f"'{next(iter(counted))[0]}' has a number, and there is no features.npz that it follows from"
        return
    try:
        vectors = unpack(read_bytes(file), "features.npz")
    except MebenchError as error:
        yield str(error)
        return
    for (name, kind, _), cell in counted.items():
        value = set_value(name, kind, result, vectors, protocol.statistics.confidence)
        mean = cell["value"]["mean"]
        if value is None or mean is None or abs(value - mean) > CLOSE * max(1.0, abs(value)):
            yield f"'{name}', {kind}: mean is {mean}, the vectors give {value}"


def set_value(name: str, kind: str, result: Result, vectors: Mapping[str, Any], confidence: float) -> float | None:
    """The number of a set metric over the tasks of one kind, from the vectors by task and encoder."""
    from mebench.metrics.set_metric import Member, SetMetric

    metric: SetMetric = registry.load("metrics", name)
    members = []
    for row in result.rows:
        task = row["task"]
        found = vectors.get(task["key"], {}).get(metric.encoder.name)
        if task["kind"] == kind and found is not None:
            members.append(Member(found, source_person(task), driving_person(task)))
    return metric.combine(members, confidence).value if members else None
