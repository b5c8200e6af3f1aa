"""What is submitted is verified; what a stranger may do to it is found, and nothing of it runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from board_run import FACTS, tasks, write_run

from mebench import registry
from mebench.errors import ConfigError, InputError
from mebench.leaderboard.aggregate import aggregate
from mebench.leaderboard.folder import read_submission
from mebench.leaderboard.rerun import gap, write_trust
from mebench.leaderboard.schema import SCHEMA_VERSION, Rerun, RerunTask
from mebench.leaderboard.submit import submit
from mebench.leaderboard.upgrade import upgraded
from mebench.leaderboard.verify import verify
from mebench.protocol import load_protocol
from mebench.runs.plan import metric_info

RESULT = "fomm--open-mini--*"


def seal(folder: Path) -> None:
    """Bring the manifest up to date, as somebody who cheats would."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        data = (folder / name).read_bytes()
        manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    path.write_text(json.dumps(manifest))


def errors(folder: Path) -> list[str]:
    return [f"{f.check}: {f.where}: {f.text}" for f in verify(folder).findings if f.level == "error"]


def test_every_submission_of_the_tree_is_verified(tree: Path) -> None:
    for manifest in sorted(tree.glob("*/*/manifest.json")):
        report = verify(manifest.parent)
        assert report.ok, report.findings
    assert set(verify(tree / "magplus/1").submission.tiers.values()) == {"self-reported"}  # type: ignore[union-attr]


def test_nothing_is_overwritten_and_the_new_version_supersedes_the_old(tree: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "magplus", "fomm", 0.7)
    with pytest.raises(ConfigError, match="never changed"):
        submit([run], "magplus", version="1", out=tree, films=0)
    done = submit([run], "magplus", out=tree, films=0)
    assert done.folder.name == "2" and done.commands[0].startswith("mebench verify ")
    assert read_submission(done.folder).manifest.supersedes == "1"
    assert any("parameters" in note for note in done.notes)


def test_runs_that_are_unfinished_or_mixed_are_refused(tmp_path: Path) -> None:
    first, second = write_run(tmp_path / "a", "one", "fomm", 0.5), write_run(tmp_path / "b", "two", "fomm", 0.6)
    with pytest.raises(ConfigError, match="different methods"):
        submit([first, second], "one", out=tmp_path / "tree")
    with pytest.raises(ConfigError, match="second run"):
        submit([first, first], "one", out=tmp_path / "tree")
    with pytest.raises(ConfigError, match="cannot be the name"):
        submit([first], "../one", out=tmp_path / "tree")
    summary = json.loads((first / "summary.json").read_text())
    (first / "summary.json").write_text(json.dumps({**summary, "complete": False}))
    with pytest.raises(ConfigError, match=f"not finished; start it again: .* --out {tmp_path}$"):
        submit([first], "one", out=tmp_path / "tree")
    assert not list((tmp_path / "tree").rglob("*.json"))


def edit(file: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (path,) = folder.glob(file)
        path.write_text(change(path.read_text()))
        seal(folder)

    return damage


def in_row(column: str, value: str, key: str = "self--c0") -> Callable[[str], str]:
    def change(text: str) -> str:
        lines = text.splitlines()
        place = lines[0].split(",").index(column)
        for number, line in enumerate(lines):
            if line.startswith(f"{key},"):
                cells = line.split(",")
                cells[place] = value
                lines[number] = ",".join(cells)
        return "\n".join(lines) + "\n"

    return change


def drop(key: str) -> Callable[[str], str]:
    return lambda text: "".join(line for line in text.splitlines(True) if not line.startswith(f"{key},"))


def twice(text: str) -> str:
    return text + text.splitlines(True)[1]


CLIPS, SUMMARY, RUN = f"results/{RESULT}/clips.csv", f"results/{RESULT}/summary.json", f"results/{RESULT}/run.json"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (edit(CLIPS, in_row("gain_error", "0.001")), "aggregates: .*gain_error.*rows give"),
        (edit(CLIPS, in_row("gain_error", "-0.5")), "values: .*better than a perfect output"),
        (edit(CLIPS, in_row("psnr", "nan")), "format: .*no finite number"),
        (edit(CLIPS, in_row("psnr", "1e999")), "format: .*no finite number"),
        (edit(CLIPS, in_row("psnr", "")), "values: .*missing without a reason"),
        (edit(CLIPS, in_row("driving_subject", "s1")), "completeness: .*'driving_subject' of the task"),
        (edit(CLIPS, in_row("task", "self--c99")), "completeness: .*no task of this protocol"),
        (edit(CLIPS, in_row("task", "../../etc")), "format: .*no name of a task"),
        (edit(CLIPS, twice), "completeness: .*2 times"),
        (edit(CLIPS, drop("self--c3")), "aggregates: .*rows give"),
        (edit(CLIPS, lambda t: t.replace("task,kind", "kind,task")), "format: .*line 1 of"),
        (edit(SUMMARY, lambda t: t.replace("null,8,8,", "null,8,7,", 1)), "aggregates: .*counted is 7"),
        (edit(SUMMARY, lambda t: t.replace(",[0.", ",[NaN,0.", 1)), "format: .*NaN"),
        (edit(SUMMARY, lambda t: "[" * 100_000), "format: .*(nested|plain JSON)"),
        (edit(RUN, lambda t: t.replace('"hash": "', '"hash": "0', 1)), "format: .*hash"),
        (edit(RUN, lambda t: t.replace('"seed": 0', '"seed": 0, "seed": 1')), "format: .*stands twice"),
        (edit(RUN, lambda t: t.replace('"oracle": false', '"oracle": true')), "card: .*true answer"),
        (edit("card.yaml", lambda t: t.replace("seen_datasets", "seen_dataset")), "format: .*seen_datasets"),
        (edit("card.yaml", lambda t: t + "code: !!python/object/apply:os.system [true]\n"), "format: "),
        (edit("card.yaml", lambda t: t.replace("code: null", "code: javascript:alert(1)")), "format: .*code"),
        (edit("card.yaml", lambda t: t.replace("name: magplus", "name: direct")), "card: .*'direct'"),
        (
            edit(RUN, lambda t: t.replace('"facts": {', '"facts": {"magnifier": {"adapted_to_the_test_clip": 20}', 1)),
            "card: .*say track: adapted",
        ),
    ],
)
def test_what_a_cheat_may_write_is_found(tree: Path, damage: Callable[[Path], None], told: str) -> None:
    folder = tree / "magplus/1"
    damage(folder)
    found = errors(folder)
    assert any(re.search(told, text) for text in found), found


def test_changed_bytes_without_a_new_manifest_are_found(tree: Path) -> None:
    (path,) = (tree / "direct/1").glob(CLIPS)
    path.write_text(path.read_text().replace("0.9", "0.8", 1))
    assert any(text.startswith("hash: ") for text in errors(tree / "direct/1"))


def test_parts_and_runs_on_own_protocols_are_told_what_they_are(tmp_path: Path) -> None:
    part = write_run(tmp_path / "magplus--fomm.shard-1-of-2", "magplus", "fomm", 0.5)
    with pytest.raises(ConfigError, match=r"is part 1 of 2 of a run; put the parts together with mebench merge"):
        submit([part], "mine", out=tmp_path / "tree", films=0)
    run = write_run(tmp_path / "run", "magplus", "fomm", 0.5)
    record = json.loads((run / "run.json").read_text())
    record["protocol"]["name"] = "of-my-own"
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(
        ConfigError, match=r"'of-my-own', which is no protocol of this mebench; the board takes results on"
    ):
        submit([run], "mine", out=tmp_path / "tree", films=0)


def test_another_protocol_hash_is_refused(tree: Path) -> None:
    (path,) = (tree / "magplus/1").glob(RUN)
    record = json.loads(path.read_text())
    record["protocol"]["hash"] = "0" * 64
    path.write_text(json.dumps(record))
    seal(tree / "magplus/1")
    assert any("cannot be compared" in text for text in errors(tree / "magplus/1"))


@pytest.mark.parametrize("kind", ["link", "script", "pickle", "executable", "deep", "large", "fifo"])
def test_files_that_do_not_belong_are_refused_before_anything_is_read(tree: Path, tmp_path: Path, kind: str) -> None:
    folder = tree / "magplus/1"
    marker = tmp_path / "executed"
    if kind == "link":
        (folder / "card.yaml").unlink()
        (folder / "card.yaml").symlink_to("/etc/passwd")
    elif kind == "script":
        (folder / "conftest.py").write_text(f"open({str(marker)!r}, 'w')")
    elif kind == "pickle":
        (folder / "results" / "features.npz").write_bytes(b"\x80\x04cos\nsystem\n.")
    elif kind == "executable":
        (folder / "card.yaml").chmod(0o755)
    elif kind == "deep":
        (folder / "results/a/b/c/d").mkdir(parents=True)
    elif kind == "large":
        (folder / "card.yaml").write_text("#" * 60_000)
    else:
        os.mkfifo(folder / "README.md")
    report = verify(folder)
    assert not report.ok and report.submission is None
    assert {finding.check for finding in report.findings} == {"files"}
    assert not marker.exists()


def test_a_link_in_place_of_the_submission_is_refused(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(tree / "magplus/1")
    with pytest.raises(InputError, match="no folder"):
        verify(tmp_path / "elsewhere")


def test_a_missing_clip_counts_at_the_worst_value(tree: Path) -> None:
    """The same rows with the missing clip written as failed give the aggregates that the verifier wants."""
    folder = tree / "magplus/1"
    (path,) = folder.glob(CLIPS)
    path.write_text(drop("self--c3")(path.read_text()))
    seal(folder)
    report = verify(folder)
    assert any(f.level == "warning" and "counts as failed" in f.text for f in report.findings)
    result = report.submission.results[0]  # type: ignore[union-attr]
    gone = next(task for task in tasks() if task.key == "self--c3")
    failed: Any = {
        "task": gone.record(),
        "status": "failed",
        "error": "gone",
        "scores": {},
        "clip": None,
        "curves": None,
    }
    info: Any = {"gain_error": FACTS["gain_error"]}
    protocol = load_protocol("open-mini")
    with_it = aggregate(protocol, info, [*result.rows, failed], result.bounds)["gain_error", "self", None]["value"][
        "mean"
    ]
    without = aggregate(protocol, info, result.rows, result.bounds)["gain_error", "self", None]["value"]["mean"]
    assert with_it is not None and without is not None
    assert with_it == pytest.approx((7 * without + 4.0) / 8)


def test_the_true_answer_under_another_name_is_found(tree: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "miracle", None, 1.0)
    done = submit([run], "miracle", out=tree, films=0)
    assert any("numbers of the true answer" in text for text in errors(done.folder))


def test_outputs_of_another_submission_are_found(tree: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", "magplus", "fomm", 0.7)
    done = submit([run], "mine", out=tree, films=0)
    assert any("outputs are those of magplus/1" in text for text in errors(done.folder))


def test_a_rerun_lifts_the_tier_until_the_manifest_changes(tree: Path) -> None:
    submission = read_submission(tree / "magplus/1")
    name = submission.results[0].name
    tasks_again = [RerunTask(task=f"self--c{index}", agreed="hash") for index in range(5)]
    agreed = Rerun(date="2026-01-02", by="us", code={}, tasks=tasks_again)  # type: ignore[arg-type]
    write_trust(submission, {name: agreed})
    assert read_submission(tree / "magplus/1").tiers[name] == "re-run"
    assert verify(tree / "magplus/1").ok
    manifest = tree / "magplus/1/manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    assert read_submission(tree / "magplus/1").tiers[name] == "self-reported"


def test_a_task_that_disagrees_is_not_drawn_away(tree: Path) -> None:
    folder = tree / "magplus/1"
    name = read_submission(folder).results[0].name

    def tier_after(*tasks: RerunTask) -> str:
        submission = read_submission(folder)
        write_trust(submission, {name: Rerun(date="2026-01-02", by="us", code={}, tasks=list(tasks))})  # type: ignore[arg-type]
        return read_submission(folder).tiers[name]

    agreed = [RerunTask(task=f"self--c{index}", agreed="scores") for index in range(9)]
    refuted = RerunTask(task="cross--c0", agreed="no")
    assert tier_after(*agreed[:4]) == "self-reported"  # too few
    assert tier_after(agreed[4]) == "re-run"  # with those before
    assert tier_after(refuted) == "self-reported"
    assert tier_after(*agreed[:5]) == "self-reported"
    assert tier_after(*agreed) == "re-run"  # one of ten
    assert tier_after(RerunTask(task="self--c0", agreed="no")) == "self-reported"  # two of ten
    assert tier_after(RerunTask(task="self--c0", agreed="hash")) == "re-run"


def test_the_tolerance_of_a_rerun() -> None:
    def score(value: float | None) -> Any:
        return {"version": 1, "value": value, "reason": None}

    info: Any = FACTS["gain_error"]
    assert gap(score(1.0), score(1.03), info)[1] < 1.0 < gap(score(1.0), score(1.06), info)[1]
    assert gap(score(None), score(None), info)[1] == 0.0
    assert gap(score(None), score(1.0), info)[1] == float("inf")
    lag = metric_info(registry.load("metrics", "lag"))  # found on a grid of 1 ms: a last bit moves it by a step
    assert gap(score(13.0), score(14.0), lag)[1] < 1.0 < gap(score(11.0), score(14.0), lag)[1]
    error = metric_info(registry.load("metrics", "gain_error"))  # 1.00 and 1.02 agree, so their errors do
    assert gap(score(0.0), score(0.0286), error)[1] < 1.0 < gap(score(0.0), score(0.035), error)[1]
    older: Any = {name: value for name, value in lag.items() if name != "step"}
    assert gap(score(13.0), score(14.0), older)[1] > 1.0


def test_old_versions_are_known_or_refused() -> None:
    old = upgraded("manifest", {"schema_version": 1, "a": 2})
    assert old == {"schema_version": SCHEMA_VERSION, "a": 2, "aggregates": []}
    with pytest.raises(InputError, match="came with version 2"):
        upgraded("manifest", {"schema_version": 1, "aggregates": []})
    for kind in ("manifest", "run", "card", "trust", "summary"):
        for version in (0, SCHEMA_VERSION + 1, None, True, "1"):
            with pytest.raises(InputError, match="schema version"):
                upgraded(kind, {"schema_version": version})  # type: ignore[arg-type]


def measured(run: Path, **changed: Any) -> Path:
    """``run`` with what its first clip took."""
    cost = {
        "task": "self--c0", "frames": 10, "prepare_seconds": 1.0, "prepare_cpu_seconds": 1.0, "generate_seconds": 2.0,
        "generate_cpu_seconds": 1.5, "score_seconds": 3.0, "score_cpu_seconds": 3.0, "peak_memory_mb": 900.0,
        "parameters": 712_000, "gflops": 12.5, **changed,
    }  # fmt: skip
    (run / "costs").mkdir()
    (run / "costs" / "self--c0.json").write_text(json.dumps(cost))
    return run


def test_costs_and_parameters_come_from_the_run(tmp_path: Path) -> None:
    runs = [
        measured(write_run(tmp_path / "a", "magplus", "fomm", 0.7)),
        measured(write_run(tmp_path / "b", "magplus", "fsrt", 0.6), parameters=2_000_000),
    ]
    folder = submit(runs, "magplus", out=tmp_path / "tree", films=0).folder
    submission = verify(folder).submission
    assert errors(folder) == [] and submission is not None
    costs = submission.results[0].costs
    assert costs is not None and (costs.seconds_a_frame, costs.parameters, costs.gflops_a_frame) == (0.2, 712_000, 12.5)
    assert costs.peak_memory_mb == 900.0 and costs.hardware[0].processor == "a processor"
    assert submission.card.parameters == 2_000_000  # of its largest
    next(folder.rglob("costs.json")).write_text('{"schema_version": 3, "clips": -1}')
    seal(folder)
    assert any("costs.json" in text for text in errors(folder))


def test_what_the_reader_would_refuse_is_not_written(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", "magplus", "fomm", 0.7, title="Mag\u202eplus")
    with pytest.raises(
        ConfigError, match=r"would be refused \(.*card\.yaml: 'Mag.*plus' holds the invisible character U\+202E\)"
    ):
        submit([run], "magplus", out=tmp_path / "tree", films=0)
    assert not list((tmp_path / "tree").rglob("*.yaml"))


def test_an_old_protocol_is_an_error_until_a_newer_version_stands_in_its_place(tree: Path) -> None:
    path = next((tree / "warp-demag/1").rglob("run.json"))
    record = json.loads(path.read_text())
    record["protocol"]["hash"] = "0" * 64
    path.write_text(json.dumps(record))
    seal(tree / "warp-demag/1")
    report = verify(tree / "warp-demag/1")
    (finding,) = (f for f in report.findings if f.check == "protocol")
    assert report.ok and finding.level == "warning" and finding.text.endswith("Version 2 supersedes it.")
    (tree / "warp-demag/2/manifest.json").write_text("{")
    assert any("the numbers cannot be compared" in text for text in errors(tree / "warp-demag/1"))
