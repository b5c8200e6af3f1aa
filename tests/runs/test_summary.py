"""Aggregates: who counts, at what value, with which interval; and the tables."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from mebench.protocol import Protocol
from mebench.runs.resume import after_part
from mebench.runs.schema import MAGNIFIER_FLOOR_SHOWS, SCHEMA_VERSION, SCORE_COLUMNS, MetricInfo, TaskRecord
from mebench.runs.summary import cell, groups
from mebench.runs.table import companion, direction, next_command, remarks, with_interval
from mebench.runs.tables import NOT_SCORED, scores_csv
from mebench.statistics.clustered import clustered_mean
from mebench.statistics.two_way import two_way_mean


@pytest.fixture(scope="module")
def protocol(plugin) -> Protocol:
    return Protocol.model_validate(
        {
            "name": "p",
            "version": 1,
            "title": "t",
            "summary": "s",
            "datasets": ["fake"],
            "split": "benchmark",
            "selection": {"seed": 1, "self": {"clips": 1}},
            "size": 64,
            "metrics": ["fake-error"],
            "statistics": {"confidence": 0.9},
        }
    )


def metric(name: str = "m", worst: float = -7.0, direction: str = "higher") -> MetricInfo:
    facts = {"name": name, "version": 1, "family": "motion", "unit": "", "direction": direction, "ceiling": 1.0}
    rest = {"floor": None, "worst": worst, "networks": [], "summary": "s", "source": "s", "decimals": 3}
    return {**facts, **rest}  # type: ignore[typeddict-item]


def row(
    key: str, value: float | None, kind: str = "self", driver: str = "s1", source: str = "t1", status: str = "ok"
) -> TaskRecord:
    task = dict.fromkeys(("dataset", "driving", "source", "source_domain", "fold", "hash"), "x")
    task |= {"key": key, "kind": kind, "driving_subject": driver, "source_subject": source, "driving_domain": driver[0]}
    scores = {} if status == "failed" else {"m": {"version": 1, "value": value, "reason": None if value else "no"}}
    base = {"schema_version": SCHEMA_VERSION, "task": task, "clip": None, "info": {}, "curves": None}
    return {**base, "status": status, "error": "it broke" if status == "failed" else None, "scores": scores}  # type: ignore[typeddict-item]


NO_BOUNDS = {"schema_version": SCHEMA_VERSION, "floor": None, "ceiling": None}


def test_a_failed_clip_counts_at_the_worst_value_and_a_missing_number_does_not_count(protocol):
    rows = [
        row("a", 1.0),
        row("b", 3.0, driver="s2"),
        row("c", None, driver="s3"),
        row("d", None, driver="s4", status="failed"),
    ]
    found = cell(protocol, metric(worst=-7.0), rows, None, NO_BOUNDS)
    assert found["value"]["mean"] == pytest.approx((1.0 + 3.0 - 7.0) / 3)
    assert (found["tasks"], found["counted"], found["failed"], found["missing"]) == (4, 3, 1, 1)
    assert found["driving_subjects"] == 3


def bound(**values: float | None):
    """A bound with a number, or none, on the tasks that are named."""
    return {
        key: {"status": "ok", "scores": {"m": {"version": 1, "value": value, "reason": None if value else "no"}}}
        for key, value in values.items()
    }


@pytest.mark.parametrize(
    ("floor", "ceiling", "counts"),
    [
        (bound(a=0.0, b=None), bound(a=1.0, b=None), False),
        (bound(a=0.0, b=None), bound(a=1.0, b=1.0), True),
        (bound(a=0.0, b=0.5), None, True),
        (bound(a=0.0, b=None), None, False),
        (bound(a=0.0), None, True),
        (None, None, True),
        ({"b": {"status": "failed", "scores": {}}}, None, True),
    ],
)
def test_a_failed_clip_does_not_count_where_the_metric_has_no_number_whatever_the_output(
    protocol, floor, ceiling, counts
):
    rows = [row("a", 1.0), row("b", None, driver="s2", status="failed")]
    bounds = {"schema_version": SCHEMA_VERSION, "floor": floor, "ceiling": ceiling}
    found = cell(protocol, metric(worst=-7.0), rows, None, bounds)
    assert found["value"]["mean"] == (-3.0 if counts else 1.0)
    assert (found["counted"], found["failed"], found["missing"]) == (1 + counts, 1, 1 - counts)


def test_people_of_two_datasets_with_one_number_are_two_people(protocol):
    rows = [row(f"{kind}{index}", float(index), kind, "01", "07") for kind in ("self", "cross") for index in range(4)]
    for index, each in enumerate(rows):
        each["task"]["dataset"] = "xy"[index % 2]
    found = {
        kind: cell(protocol, metric(), rows[start : start + 4], None, NO_BOUNDS)
        for kind, start in (("self", 0), ("cross", 4))
    }
    assert found["self"]["driving_subjects"] == 2 and found["self"]["value"]["low"] is not None
    assert found["cross"]["source_subjects"] == 2
    for each in rows:
        each["task"]["source_dataset"] = "z"  # one and the same portrait for the drivers of both
    crossed = cell(protocol, metric(), rows[4:], None, NO_BOUNDS)
    assert (crossed["driving_subjects"], crossed["source_subjects"]) == (2, 1)
    assert crossed["value"]["low"] is None and "source identity" in str(crossed["value"]["reason"])


def test_self_is_clustered_by_subject_and_cross_two_way_at_the_protocols_confidence(protocol):
    chance = np.random.default_rng(0)
    drivers, sources = [f"s{i % 4}" for i in range(12)], [f"t{i // 4}" for i in range(12)]
    values = list(chance.normal(size=12))
    same = cell(
        protocol,
        metric(),
        [row(str(i), v, "self", d, s) for i, (v, d, s) in enumerate(zip(values, drivers, sources, strict=True))],
        None,
        NO_BOUNDS,
    )
    cross = cell(
        protocol,
        metric(),
        [row(str(i), v, "cross", d, s) for i, (v, d, s) in enumerate(zip(values, drivers, sources, strict=True))],
        None,
        NO_BOUNDS,
    )
    expected = clustered_mean(values, drivers, 0.9), two_way_mean(values, drivers, sources, 0.9)
    for found, interval, how in zip((same, cross), expected, ("clustered", "two-way"), strict=True):
        assert found["interval"] == how
        assert found["value"] == {"mean": interval.mean, "low": interval.low, "high": interval.high, "reason": None}
    assert same["value"]["low"] != cross["value"]["low"]


def test_one_subject_has_a_mean_and_a_reason_instead_of_an_interval(protocol):
    value = cell(protocol, metric(), [row("a", 1.0), row("b", 2.0)], None, NO_BOUNDS)["value"]
    assert value["mean"] == 1.5
    assert value["low"] is None
    assert "one subject" in value["reason"]


def test_bounds_are_taken_on_the_very_same_tasks(protocol):
    rows = [row("a", 1.0), row("b", 2.0, driver="s2")]
    floor = {
        "a": {"status": "ok", "scores": {"m": {"version": 1, "value": 0.25, "reason": None}}},
        "b": {"status": "failed", "scores": {}},
        "elsewhere": {"status": "ok", "scores": {"m": {"version": 1, "value": 99.0, "reason": None}}},
    }
    found = cell(protocol, metric(worst=-1.0), rows, None, {**NO_BOUNDS, "floor": floor})
    assert found["floor"]["mean"] == pytest.approx((0.25 - 1.0) / 2)
    assert found["ceiling"] is None


def test_groups_are_all_together_and_then_each_driving_domain():
    rows = [row("a", 1.0, driver="b1"), row("b", 1.0, driver="a1"), row("c", 1.0, driver="b2")]
    assert [(domain, [r["task"]["key"] for r in group]) for domain, group in groups(rows)] == [
        (None, ["a", "b", "c"]),
        ("a", ["b"]),
        ("b", ["a", "c"]),
    ]
    assert groups([]) == []


def test_scores_csv_keeps_every_digit_and_gives_a_reason_for_every_gap():
    third = row("c", None)
    third["scores"] = {}
    text = scores_csv([row("a", 0.1 + 0.2), row("b", None), third, row("d", 1.0, status="failed")], ["m"])
    lines = list(csv.DictReader(io.StringIO(text)))
    assert list(lines[0]) == [*SCORE_COLUMNS, "m", "reasons"]
    assert float(lines[0]["m"]) == 0.1 + 0.2
    assert lines[0]["reasons"] == ""
    assert [line["m"] for line in lines[1:]] == ["", "", ""]
    assert [json.loads(line["reasons"])["m"] for line in lines[1:]] == ["no", NOT_SCORED, "the clip failed: it broke"]
    assert "\r" not in text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        ({"mean": 1.0, "low": 0.5, "high": 1.5, "reason": None}, "1.000 ±0.500"),
        ({"mean": 1.0, "low": None, "high": None, "reason": "one"}, "1.000"),
        ({"mean": None, "low": None, "high": None, "reason": "none"}, "-"),
        (None, "-"),
    ],
)
def test_a_number_is_shown_with_half_of_its_interval(estimate, text):
    assert with_interval(estimate, 3) == text


def test_the_direction_is_shown():
    assert [direction(metric(direction=d)) for d in ("higher", "lower", "target")] == ["↑", "↓", "=1"]


def test_what_comes_next_fits_the_run():
    """A magnifier alone is refused on the other protocols, so none of them is proposed after it."""
    tasks = {"planned": 2, "ok": 2, "failed": 0}
    done = {"complete": True, "method": "warp", "protocol": "open-magnification", "floor": MAGNIFIER_FLOOR_SHOWS}
    done["tasks"] = tasks
    assert next_command(done, "mebench run --method warp --protocol open-magnification").startswith(
        "mebench list magnifiers"
    )
    pipeline = {"complete": True, "method": "direct", "protocol": "open-mini", "tasks": tasks}
    following = next_command(pipeline, "mebench run --method direct --protocol open-mini")
    assert following == "mebench run --method direct --protocol open-cross-identity"
    assert next_command({**pipeline, "complete": False}, "mebench run --method direct") == "mebench run --method direct"
    elsewhere = " --out there --no-bounds"
    for unfinished in (True, False):
        told = next_command({**pipeline, "complete": not unfinished}, "mebench run --method direct", None, elsewhere)
        assert told.endswith(elsewhere)
    for complete in (True, False):
        broken = {**pipeline, "complete": complete, "tasks": {"planned": 2, "ok": 0, "failed": 1 + complete}}
        assert "--retry-failed " in next_command(broken, "mebench run --method mine/", "mebench compare a b")


def test_a_second_run_is_compared_with_the_first(tmp_path):
    def run(name: str, **facts):
        folder = tmp_path / name
        folder.mkdir()
        told = {"protocol": "open-mini", "protocol_hash": "1", "complete": True, "method": name.split("--")[0], **facts}
        told["tasks"] = {"planned": 1, "ok": 1, "failed": 0}
        (folder / "summary.json").write_text(json.dumps(told))
        return folder, told

    mine, summary = run("mine--none--open-mini--1")
    run("still--none--open-mini--2")
    run("half--none--open-mini--3", complete=False)
    run("older--none--open-mini--4", protocol_hash="0")
    (tmp_path / "broken--none--open-mini--5").mkdir()
    (tmp_path / "broken--none--open-mini--5" / "summary.json").write_text("{")
    assert companion(mine, summary) is None
    direct, _ = run("direct--fomm--open-mini--6")
    told = companion(mine, summary)
    run("magplus--fomm--open-mini--7.shard-2-of-2")  # a part of a run is nobody's companion
    assert told == f"mebench compare {mine} {direct}    (which of the two is nearer, clip by clip)"
    assert companion(mine, summary) == told
    assert next_command(summary, "mebench run --method mine/", told) == told
    assert "compare" not in next_command({**summary, "method": "still"}, "mebench run --method still", told)


def test_after_a_part_comes_the_next_and_then_the_merge(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    command = "mebench run --method mine/ --protocol p.yaml"
    assert after_part(Path("runs/mine--none--p--1"), command) is None
    assert after_part(Path("runs/mine--none--p--1.shard-1-of-2"), command) == f"{command} --shard 2/2"
    last = after_part(Path("runs/mine--none--p--1.shard-2-of-2"), command)
    assert last == "mebench merge --method mine/ runs/mine--none--p--1.shard-*-of-2    (once all parts are finished)"
    elsewhere = after_part(tmp_path / "still--none--p--1.shard-2-of-2", "mebench run --method still")
    assert elsewhere is not None
    assert elsewhere.startswith(f"mebench merge --out {tmp_path} {tmp_path}/still--none--p--1.shard-*-of-2 ")


def test_a_metric_without_a_number_says_why_below_the_table():
    base = {"metric": "mmd", "domain": None, "missing": 1}  # a failed clip lacks its vectors: not the reason
    none = {"mean": None, "low": None, "high": None, "reason": "one side has 2."}
    cells = [{**base, "kind": kind, "value": none} for kind in ("self", "cross")]
    cells.append({**base, "metric": "gain", "kind": "self", "missing": 0, "value": {**none, "mean": 1.0}})
    cells.append({**base, "metric": "leak", "kind": "self", "value": none, "missing": 2})
    tasks = {"planned": 2, "ok": 2, "failed": 0}
    metrics = {"mmd": {"per": "set"}, "gain": {"per": "clip"}, "leak": {"per": "clip"}}
    told = remarks({"cells": cells, "tasks": tasks, "sets": [], "failures": {}, "complete": True, "metrics": metrics})  # type: ignore[typeddict-item]
    assert told == [
        "missing numbers, left out of the means (reasons in scores.csv): leak 2",
        "no number of mmd: one side has 2.",
    ]
