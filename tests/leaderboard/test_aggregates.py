"""Licensed faces: means leave, single clips do not; and whether the open set predicts the order of methods."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import board_run
import numpy as np
import pytest
from test_submit_verify import seal

from mebench.errors import ConfigError
from mebench.leaderboard import verify as verifier
from mebench.leaderboard.aggregates import LABEL
from mebench.leaderboard.folder import read_all, read_submission
from mebench.leaderboard.reality import WHY, reality, reality_json
from mebench.leaderboard.submit import submit
from mebench.leaderboard.verify import verify
from mebench.protocol import Task, load_protocol
from mebench.statistics.rank_correlation import LEAST, interval, rank_correlation

REAL = "cross-identity"
FACTS: dict[str, Any] = {
    name: {**board_run._KNOWN.get(name, board_run._KNOWN["spill"]), "name": name}
    for name in load_protocol(REAL).metrics
}


def licensed_tasks(small: int) -> list[Task]:
    """Eight tasks of casme2, and ``small`` of samm; subjects and clips have names that must not leave."""
    made = []
    for index, task in enumerate(board_run.tasks()[8:] * 2):
        dataset = "casme2" if index < 8 else "samm"
        if index >= 8 + small:
            break
        changed = dataclasses.replace(
            task,
            key=f"cross--{dataset}.EP{index:02d}_01f",
            dataset=dataset,
            driving=f"sub{index:02d}/EP{index:02d}_01f",
            driving_subject=f"sub{index:02d}",
            driving_domain=dataset,
        )
        made.append(changed)
    return made


@pytest.fixture
def licensed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Writes finished runs on licensed faces."""

    def write(method: str, quality: float, small: int = 8, **card: Any) -> Path:
        chosen = licensed_tasks(small)
        with monkeypatch.context() as context:
            context.setattr(board_run, "PROTOCOL", REAL)
            context.setattr(board_run, "FACTS", FACTS)
            context.setattr(board_run, "tasks", lambda: chosen)
            folder = board_run.write_run(tmp_path / "runs" / f"{method}-{quality}", method, None, quality, **card)
        record = json.loads((folder / "run.json").read_text())
        terms = {"fingerprint": "f", "licence": "agreement", "may_show_frames": False, "may_show_generated": False}
        record["datasets"] = {name: {**terms, "publishable_subjects": ["sub17"]} for name in ("casme2", "samm")}
        record["checks"] = [{"name": "duplicates", "state": "leak", "text": "sub05/EP12_03f is sub06/EP01_01"}]
        record["method"]["config"]["videos"] = {"cross--casme2.EP00_01f": "0" * 64}
        (folder / "run.json").write_text(json.dumps(record))
        return folder

    monkeypatch.setattr(verifier, "metric_facts", lambda protocol: FACTS)
    return write


def errors(folder: Path) -> list[str]:
    return [f"{f.check}: {f.where}: {f.text}" for f in verify(folder).findings if f.level == "error"]


def test_nothing_about_a_clip_or_a_person_leaves(licensed: Callable[..., Path], tmp_path: Path) -> None:
    done = submit([licensed("mine", 0.6)], "mine", out=tmp_path / "tree", aggregates_only=True)
    files = {path.name for path in done.folder.rglob("*") if path.is_file()}
    assert files == {"card.yaml", "manifest.json", "run.json", "aggregates.json"}
    for path in done.folder.rglob("*"):
        if path.is_file():
            assert not re.search(r"sub\d\d|EP\d\d|_01f|L1\b|cross--|videos", path.read_text()), path
    report = verify(done.folder)
    assert report.ok, report.findings
    assert [f.text for f in report.findings if f.check == "aggregates"] == [LABEL]
    submission = read_submission(done.folder)
    assert submission.results == () and submission.tiers == {}
    (means,) = submission.aggregates
    cell = means.value("gain_error", "cross", "casme2")
    assert cell is not None and cell.tasks == 8 and cell.value.mean is not None and cell.driving_subjects == 8


def test_small_groups_have_counts_alone_and_cannot_be_computed_from_the_others(
    licensed: Callable[..., Path], tmp_path: Path
) -> None:
    done = submit([licensed("mine", 0.6, small=2)], "mine", out=tmp_path / "tree", aggregates_only=True)
    (means,) = read_submission(done.folder).aggregates
    shown = {name: means.value("gain_error", "cross", name) for name in ("casme2", "samm", None)}
    assert shown["samm"] is not None and shown["samm"].tasks == 2 and shown["samm"].value.mean is None
    assert shown[None] is not None and shown[None].value.mean is None
    assert shown["casme2"] is not None and shown["casme2"].value.mean is not None
    assert verify(done.folder).ok


def test_open_data_are_not_hidden_behind_means(licensed: Callable[..., Path], tmp_path: Path) -> None:
    run = board_run.write_run(tmp_path / "open", "mine", None, 0.6)
    with pytest.raises(ConfigError, match="open data"):
        submit([run], "mine", out=tmp_path / "tree", aggregates_only=True)
    both = submit([run, licensed("mine", 0.6)], "mine", out=tmp_path / "tree", aggregates_only=True, films=0)
    found = read_submission(both.folder)
    assert [r.protocol for r in found.results] == ["open-mini"] and [a.protocol for a in found.aggregates] == [REAL]


def test_a_version_on_another_protocol_stands_beside_the_older_one(
    licensed: Callable[..., Path], tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    run = board_run.write_run(tmp_path / "open", "mine", None, 0.6)
    replaced = []
    for given in (run, licensed("mine", 0.6), run):
        folder = submit([given], "mine", out=tree, films=0).folder
        replaced.append(read_submission(folder).manifest.supersedes)
    assert replaced == [None, None, "1"]


def change(file: str, edit: Callable[[Any], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (path,) = folder.glob(f"results/*/{file}")
        value = json.loads(path.read_text())
        edit(value)
        path.write_text(json.dumps(value))

    return damage


def add_row(folder: Path) -> None:
    (result,) = (folder / "results").iterdir()
    (result / "clips.csv").write_text("task\n")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][f"results/{result.name}/clips.csv"] = {"bytes": 0, "sha256": "0" * 64}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def one(edit: Callable[[Any], Any]) -> Callable[[Any], None]:
    return lambda value: edit(value["cells"][0])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        pytest.param(
            change("aggregates.json", one(lambda c: c.update(counted=99))), "counts do not add up", id="counts"
        ),
        pytest.param(change("aggregates.json", lambda v: v["cells"].pop(0)), "missing for|do not add up", id="cell"),
        pytest.param(change("aggregates.json", lambda v: v["cells"].append(v["cells"][0])), "twice", id="twice"),
        pytest.param(change("aggregates.json", one(lambda c: c.update(task="EP01"))), "task", id="key"),
        pytest.param(
            change("aggregates.json", lambda v: [c["value"].update(mean=-9.0, low=None) for c in v["cells"]]),
            "better than a perfect",
            id="impossible",
        ),
        pytest.param(
            change("aggregates.json", lambda v: [c["value"].update(low=8.0, high=9.0) for c in v["cells"]]),
            "outside its interval",
            id="interval",
        ),
        pytest.param(
            change("aggregates.json", lambda v: [c.update(driving_subjects=1) for c in v["cells"]]),
            "too few to be no clip's own",
            id="small",
        ),
        pytest.param(
            change("run.json", lambda v: v["checks"].append({"name": "identity", "state": "leak", "text": "EP01"})),
            "words about single clips",
            id="words",
        ),
        pytest.param(change("run.json", lambda v: v.update(planned=99)), "planned tasks", id="planned"),
        pytest.param(
            change("run.json", lambda v: v["protocol"].update(hash="0" * 64)), "cannot be compared", id="hash"
        ),
        pytest.param(add_row, "lies beside aggregates", id="rows"),
    ],
)
def test_what_is_wrong_with_means_is_found(
    licensed: Callable[..., Path], tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:
    folder = submit([licensed("mine", 0.6)], "mine", out=tmp_path / "tree", aggregates_only=True).folder
    damage(folder)
    seal(folder)
    found = errors(folder)
    assert any(re.search(told, text) for text in found), found


def test_a_result_of_the_manifest_lies_in_the_submission(whole_tree: Path, tree: Path) -> None:
    path = tree / "magplus/1/manifest.json"
    manifest = json.loads(path.read_text())
    (other,) = (tree / "flow-transfer/1/results").iterdir()
    manifest["results"][0] = f"../../../flow-transfer/1/results/{other.name}"
    path.write_text(json.dumps(manifest))
    assert any("cannot be the name of a result" in text for text in errors(tree / "magplus/1"))


def _real_world(tmp_path: Path, licensed: Callable[..., Path], methods: int) -> list[Any]:
    """Methods whose order on recorded faces is that on the open twin, but for two neighbours."""
    tree, twin = tmp_path / "tree", "open-cross-identity"
    qualities = np.linspace(0.2, 0.9, methods)
    swapped = qualities.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    with pytest.MonkeyPatch.context() as context:
        for index, (quality, other) in enumerate(zip(qualities, swapped, strict=True)):
            context.setattr(board_run, "PROTOCOL", twin)
            names = load_protocol(twin).metrics
            facts = {n: {**board_run._KNOWN.get(n, board_run._KNOWN["spill"]), "name": n} for n in names}
            context.setattr(board_run, "FACTS", facts)
            first = board_run.write_run(tmp_path / f"open-{index}", f"m{index}", None, float(quality))
            context.undo()
            submit(
                [first, licensed(f"m{index}", float(other))], f"m{index}", out=tree, aggregates_only=True,
                films=0,
            )  # fmt: skip
    found, broken = read_all(tree)
    assert not broken
    return found


@pytest.mark.parametrize("methods", [LEAST - 5, LEAST])
def test_reality_is_known_with_enough_methods(tmp_path: Path, licensed: Callable[..., Path], methods: int) -> None:
    submissions = _real_world(tmp_path, licensed, methods)
    protocols = {name: load_protocol(name) for name in (REAL, "open-cross-identity", "lodo", "open-lodo")}
    names = {name for protocol in protocols.values() for name in protocol.metrics}
    facts = {n: {**board_run._KNOWN.get(n, board_run._KNOWN["spill"]), "name": n} for n in names}
    found = reality(submissions, protocols, facts)
    assert {(each.protocol, each.twin) for each in found} == {(REAL, "open-cross-identity"), ("lodo", "open-lodo")}
    (casme2,) = [each for each in found if (each.protocol, each.dataset) == (REAL, "casme2")]
    assert len(casme2.methods) == casme2.aggregates == methods
    gain = {each.metric: each for each in casme2.metrics}["gain_error"]
    if methods < LEAST:
        assert (gain.state, gain.rho, casme2.together.state) == ("not yet known", None, "not yet known")
    else:
        assert gain.state == "known" and gain.rho is not None and gain.low is not None
        assert 0.9 < gain.rho < 1.0 and 0.0 < gain.low < gain.rho
    empty = [each for each in found if each.dataset == "smic_hs"]
    assert empty and all(each.together.state == "not yet known" and each.methods == () for each in empty)
    record = reality_json(found)
    assert record["needed"] == LEAST and str(LEAST) in WHY and json.dumps(record, allow_nan=False)


def test_the_number_of_methods_that_is_needed_follows_from_the_interval() -> None:
    assert interval(0.8, LEAST)[0] > 0.0 > interval(0.8, LEAST - 1)[0]
    assert rank_correlation(range(LEAST), range(LEAST)).high == 1.0
    assert rank_correlation(range(LEAST - 1), range(LEAST - 1)).low is None


def test_the_interval_of_a_rank_correlation_covers() -> None:
    rng = np.random.default_rng(0)
    rho, count, hits = 0.6, 12, 0
    target = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's rho of the bivariate normal
    for _ in range(300):
        x = rng.standard_normal(count)
        y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal(count)
        found = rank_correlation(x.tolist(), y.tolist())
        hits += found.low <= target <= found.high  # type: ignore[operator]
    assert 0.91 <= hits / 300 <= 0.99
