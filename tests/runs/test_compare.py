"""Two runs side by side, and the power planner on them: numbers known from how the scores were made."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.errors import ConfigError
from mebench.runs.badness import badness
from mebench.runs.compare import compare
from mebench.runs.compare_table import lines
from mebench.runs.page.choice import badness_of
from mebench.runs.power_plan import _values, from_runs
from mebench.runs.schema import SCHEMA_VERSION

INFOS = {
    "gain": {"family": "motion", "direction": "target", "ceiling": 1.0, "worst": 0.0},
    "gain_error": {"family": "motion", "direction": "lower", "ceiling": 0.0, "worst": 4.0},
    "csim": {"family": "identity", "direction": "higher", "ceiling": 1.0, "worst": 0.0},
    "old": {"family": "legacy", "direction": "lower", "ceiling": 0.0, "worst": 9.0, "ranked": False},
}


def write_run(folder, score, clips=24, protocol="p" * 64, metrics=INFOS):
    """A run folder whose numbers are ``score(metric, index)``; every third clip is of domain c, half are cross."""
    folder.mkdir(parents=True)
    infos = {n: {"name": n, "version": 1, "unit": "", "decimals": 3, "per": "clip", **i} for n, i in metrics.items()}
    summary = {"run": folder.name, "protocol": "fake", "protocol_hash": protocol, "metrics": infos}
    run = {"protocol": {"content": {"statistics": {"cross": "two-way"}}}}
    bounds = {"floor": None, "ceiling": None}
    for name, content in (("summary", summary), ("run", run), ("bounds", bounds)):
        (folder / f"{name}.json").write_text(json.dumps({"schema_version": SCHEMA_VERSION, **content}))
    (folder / "tasks").mkdir()
    for index in range(clips):
        domain = "abc"[index % 3]
        task = {
            "key": f"t{index:02d}",
            "hash": str(index),
            "kind": "cross" if index % 2 else "self",
            "dataset": "fake",
            "driving_domain": domain,
            "driving_subject": f"{domain}{index % 6}",
            "source_subject": f"s{index % 4}" if index % 2 else f"{domain}{index % 6}",
            "action_units": ["L12"] if index % 5 else ["4"],
        }
        row = {
            "schema_version": SCHEMA_VERSION,
            "task": task,
            "status": "ok",
            "scores": {n: {"version": 1, "value": float(score(n, index)), "reason": None} for n in metrics},
            "curves": {"peak_px": 0.4 + 0.1 * index},
        }
        (folder / "tasks" / f"t{index:02d}.json").write_text(json.dumps(row))
    return folder


NOISE = np.random.default_rng(0).normal(0.0, 0.05, 24)


@pytest.fixture
def runs(tmp_path):
    """The second is worse by 1 in gain_error on domain c alone, and equal in all else but noise."""

    def good(metric, index):
        return (0.9 if metric == "csim" else 1.0) + NOISE[index]

    def bad(metric, index):
        worse = 1.0 if metric == "gain_error" and index % 3 == 2 else 0.0
        return good(metric, index) + worse + NOISE[::-1][index] * 0.01

    return write_run(tmp_path / "good", good), write_run(tmp_path / "bad", bad)


def test_differences_are_paired_and_negative_where_the_first_is_better(runs):
    found = compare(*runs)
    entry = next(e for e in found.differences if e.metric == "gain_error" and e.kind == "self")
    assert entry.clips == 12
    assert entry.difference == pytest.approx(-1.0 / 3.0, abs=0.01)
    assert entry.low < entry.difference < entry.high
    higher = next(e for e in found.differences if e.metric == "csim" and e.kind == "self")
    assert higher.difference == pytest.approx(-(higher.first - higher.second))
    assert {e.kind for e in found.differences} == {"self", "cross"}


def test_swapping_the_runs_turns_every_sign(runs):
    forth, back = compare(*runs), compare(*runs[::-1])
    assert [e.difference for e in forth.differences] == pytest.approx([-e.difference for e in back.differences])
    assert [e.p_value for e in forth.differences] == [e.p_value for e in back.differences]


def test_the_clips_that_drive_the_gap_are_found(runs):
    found = compare(*runs)
    assert found.metric == "gain_error"
    first = next(part for part in found.parts if part.axis == "driving domain")
    assert first.name == "c"
    assert first.share == pytest.approx(1.0, abs=0.02)
    assert sum(p.share for p in found.parts if p.axis == "amplitude") == pytest.approx(1.0)
    assert {p.name for p in found.parts if p.axis == "amplitude"} == {
        "below 0.5 px", "0.5 to 1 px", "1 to 2 px", "above 2 px",
    }  # fmt: skip
    assert {key for key, _ in found.clips[:8]} == {f"t{k:02d}" for k in range(2, 24, 3)}


def test_what_is_never_ranked_has_no_p_value(runs):
    for entry in compare(*runs).differences:
        assert (entry.p_value is None) == (entry.metric == "old")


def test_other_protocols_and_metrics_are_refused(runs, tmp_path):
    other = write_run(tmp_path / "other", lambda metric, index: 1.0, protocol="q" * 64)
    with pytest.raises(ConfigError, match="one protocol"):
        compare(runs[0], other)
    with pytest.raises(ConfigError, match="no common metric 'beauty'"):
        compare(*runs, "beauty")


def test_a_part_of_the_tasks_is_told(runs):
    assert not any("those that both have" in line for line in lines(compare(*runs)))
    summary = json.loads((runs[0] / "summary.json").read_text())
    (runs[0] / "summary.json").write_text(json.dumps({**summary, "tasks": {"planned": 99, "ok": 24, "failed": 0}}))
    told = list(lines(compare(*runs)))
    assert "24 of 99 tasks, those that both have: a part tells little of the whole" in told
    assert "both are the same run" not in told and "both are the same run" in list(lines(compare(runs[0], runs[0])))


def test_the_command_line(runs):
    result = CliRunner().invoke(app, ["compare", *map(str, runs)])
    assert result.exit_code == 0, result.output
    assert "What drives the gap in gain_error" in result.stdout
    record = json.loads(CliRunner().invoke(app, ["compare", *map(str, runs), "--json"]).stdout)
    assert record["metric"] == "gain_error"
    power = CliRunner().invoke(app, ["power", *map(str, runs), "--difference", "0.3", "--kind", "self"])
    assert power.exit_code == 0, power.output
    assert "chance of finding 0.3" in power.stdout
    assert CliRunner().invoke(app, ["power"]).exit_code == 2
    assert CliRunner().invoke(app, ["power", "--variances", "1,2"]).exit_code == 2


def test_people_of_two_datasets_with_one_number_are_two_people(runs):
    for run in runs:
        for path in sorted((run / "tasks").iterdir()):
            row = json.loads(path.read_text())
            number = int(row["task"]["key"][1:])
            people = {"driving_subject": f"{number // 8:02d}", "dataset": "xy"[number // 4 % 2]}
            path.write_text(json.dumps({**row, "task": {**row["task"], **people}}))
    _, design = from_runs("csim", *runs, kind="self")
    assert (design.drivers, design.clips) == (6, 2)
    parts = compare(*runs, "csim").parts
    assert {part.name for part in parts if part.axis == "driving subject"} == {
        f"{d}/0{k}" for d in "xy" for k in range(3)
    }


def test_variances_come_from_the_paired_differences(runs):
    alone, _ = from_runs("csim", runs[0], kind="self")
    paired, design = from_runs("csim", *runs, kind="self")
    assert paired.total < 0.01 * alone.total
    assert (design.drivers, design.clips, design.sources) == (3, 4, None)
    with pytest.raises(ConfigError, match="no metric 'beauty'"):
        from_runs("beauty", runs[0])


def test_a_source_variance_is_never_dropped():
    def said(*args):
        return CliRunner().invoke(app, ["power", "--drivers", "16", "--difference", "0.3", *args])

    refused = said("--variances", "0.1,10,0.6")
    assert refused.exit_code == 2 and "add --sources N, or --sources 0" in refused.output
    assert said("--variances", "0.1,0,0.6").exit_code == 0
    assert (
        "16 driving subjects, 4 clips of each, 8 sources" in said("--variances", "0.1,10,0.6", "--sources", "8").output
    )
    same_people = said("--variances", "0.1,10,0.6", "--sources", "0").output
    assert "driver 10.1, source 0, clip 0.6" in same_people
    assert same_people == said("--variances", "10.1,0,0.6").output


@pytest.mark.parametrize("command", ["compare", "power"])
def test_failed_clips_count_as_in_the_summary(runs, command):
    """The worst value, but where a bound says that the metric cannot be measured: on self-reenactment, say."""
    for run in runs:
        floor = {}
        for path in sorted((run / "tasks").iterdir()):
            row = json.loads(path.read_text())
            if row["task"]["key"] in ("t02", "t03"):  # self and cross
                path.write_text(json.dumps({**row, "status": "failed", "scores": {}, "curves": None}))
            measured = row["task"]["kind"] == "cross"
            csim = {"version": 1, "value": 0.5 if measured else None, "reason": None}
            floor[row["task"]["key"]] = {"status": "ok", "scores": {**row["scores"], "csim": csim}}
        bounds = {"schema_version": SCHEMA_VERSION, "floor": floor, "ceiling": None}
        (run / "bounds.json").write_text(json.dumps(bounds))
    if command == "compare":
        clips = {(d.metric, d.kind): d.clips for d in compare(*runs).differences}
        assert clips == {(m, k): 11 if (m, k) == ("csim", "self") else 12 for m in INFOS for k in ("self", "cross")}
    else:
        sizes = {(m, k): _values(m, runs[0], k)[1] for m in ("csim", "gain_error") for k in ("self", "cross")}
        assert {key: len(values) for key, values in sizes.items()} == {
            **dict.fromkeys(sizes, 12),
            ("csim", "self"): 11,
        }


@pytest.mark.parametrize(("direction", "bad"), [("lower", [-1, 2]), ("higher", [1, -2]), ("target", [2, 1])])
def test_badness_is_one_rule_for_numbers_and_arrays(direction, bad):
    info = {"direction": direction, "ceiling": 1.0}
    assert [badness(info, value) for value in (-1.0, 2.0)] == bad
    assert badness(info, np.array([-1.0, 2.0])).tolist() == bad
    row = {"scores": {"m": {"value": 2.0}, "none": {"value": None}}}
    assert badness_of(row, "m", {"m": info}) == bad[1]
    assert badness_of(row, "none", {"none": info}) is None
