"""A stored run before the judges: which clips are judged, and what stands beside the numbers."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.detectors.contract import ACTION_UNITS
from mebench.detectors.panel import Verdict
from mebench.errors import InputError
from mebench.files import write_json
from mebench.metrics.micro_au.verdicts import Judged
from mebench.protocol import load_protocol
from mebench.runs import judging
from mebench.runs.schema import SCHEMA_VERSION


def flags(*units: int) -> np.ndarray:
    return np.isin(ACTION_UNITS, units)


def verdict(seen: np.ndarray) -> Verdict:
    return Verdict(np.repeat(seen[None, None].astype(np.float32), 3, axis=0))


JUDGED = {
    "right": Judged(verdict(flags(4)), verdict(flags(4)), False, flags(4)),
    "still": Judged(verdict(flags(12)), verdict(flags(12)), True, flags(12)),
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of open-mini with a right, a still and a failed clip; judges and pictures are stand-ins."""

    class Inputs:
        def __init__(self, task, dataset, source):
            assert (dataset, source) == ("the dataset", None)
            self.task = task

        def sample(self, frames):
            assert frames == f"frames of {self.task.key}"
            return SimpleNamespace(once=lambda ask: JUDGED[self.task.key])

    monkeypatch.setattr(judging, "TaskInputs", Inputs)
    monkeypatch.setattr(judging, "load_datasets", lambda protocol: dict.fromkeys(protocol.datasets, "the dataset"))
    monkeypatch.setattr(
        judging.Task, "from_record", lambda record: SimpleNamespace(**record, dataset="synme", source_dataset=None)
    )
    monkeypatch.setattr(judging.RunStore, "read_clip", lambda store, clip: f"frames of {clip}")
    protocol = {"content": load_protocol("open-mini").content()}
    monkeypatch.setattr(judging.RunStore, "run_record", lambda store: {"protocol": protocol})
    for key, status in (("right", "ok"), ("still", "ok"), ("broken", "failed")):
        row = {
            "schema_version": SCHEMA_VERSION,
            "task": {"key": key},
            "status": status,
            "clip": key if status == "ok" else None,
        }
        write_json(tmp_path / "tasks" / f"{key}.json", {**row, "scores": {"gain": {"value": 0.5}}})
    return tmp_path


def test_stored_clips_are_judged_and_others_counted(run):
    found = judging.judge_run(run)
    assert (found["clips"], found["still"], found["left_out"], found["gain"]) == (2, 1, 1, 0.5)
    assert found["annotation"]["f1"]["AU4"] == 1.0
    assert found["annotation"]["f1"]["AU12"] == 0.0
    assert found["annotation"]["f1_macro"] == 0.5
    assert found["ceiling"]["f1_macro"] == 1.0
    json.dumps(found)


def test_a_run_without_clips_is_refused(run):
    for name in ("right", "still"):
        (run / "tasks" / f"{name}.json").unlink()
    with pytest.raises(InputError, match="no stored clip that can be judged"):
        judging.judge_run(run)


def test_a_damaged_row_is_named(run):
    row = run / "tasks" / "still.json"
    row.write_text(row.read_text()[:30])
    with pytest.raises(InputError, match=r"still\.json is damaged .*; start the run again"):
        judging.judge_run(run)


def test_the_command_prints_agreement_beside_gain_and_ceiling(run):
    printed = CliRunner().invoke(app, ["au", "judge", str(run)])
    assert printed.exit_code == 0, printed.output
    lines = printed.output.splitlines()
    assert lines[0] == "2 clips, 1 without measurable motion, gain 0.50"
    assert lines[2].split() == ["outputs,", "annotation", "0.500", "0.500"]
    assert lines[3].split()[:2] == ["driving", "clips,"]
    assert lines[3].split()[-2] == "1.000"
    by_unit = dict(zip(lines[8].split(), lines[9].split()[2:], strict=True))
    assert (by_unit["AU4(1)"], by_unit["AU12(1)"]) == ("1.00", "0.00")
    stored = CliRunner().invoke(app, ["au", "judge", str(run), "--json"])
    assert json.loads(stored.output)["left_out"] == 1
