"""What generated clips add: which may be learnt from, and that the numbers are those of their names."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "detectors"))

from bump_clips import bump_clip, bump_trials

import mebench.runs.detection
import mebench.runs.downstream
from mebench.cli.app import app
from mebench.detectors.floors import AlwaysPresent
from mebench.detectors.svm_flow import load_linear
from mebench.errors import InputError
from mebench.runs.downstream import downstream, generated_clips


def generated(driving: str, source: str, seed: int):
    rng = np.random.default_rng(seed)
    clip = bump_clip(f"generated {seed}", driving, rng.random(12) < 0.3, seed)
    task = SimpleNamespace(
        driving_domain=driving, source_domain=source, dataset="bumps", driving_subject=f"{driving}-g{seed}"
    )
    return task, clip


def test_generated_clips_of_the_left_out_domain_stay_out():
    trials = bump_trials()
    clips = [generated("x", "y", 1), generated("y", "z", 2), generated("z", "z", 3)]
    found = downstream(AlwaysPresent, trials, clips, [0])
    assert found["added_clips"] == {"x": 2, "y": 1, "z": 1}
    assert found["gain"] == {"uf1": [0.0], "uar": [0.0], "f1_pooled": [0.0]}
    assert found["real"]["uar"] == [0.5]


def test_useful_clips_help():
    few = [replace(trial, train=trial.train[:6]) for trial in bump_trials()[:1]]
    clips = [generated("y", "z", seed) for seed in range(100, 130)]
    found = downstream(load_linear, few, clips, [0])
    assert found["added_clips"] == {"x": 30}
    assert found["gain"]["uf1"][0] > 0.1


def test_a_folder_without_clips_is_refused(tmp_path):
    with pytest.raises(InputError, match="no stored clip"):
        generated_clips(tmp_path)


def test_a_damaged_row_is_named(tmp_path):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "a.json").write_text("{")
    with pytest.raises(InputError, match=r"a\.json is damaged .*; start the run again"):
        generated_clips(tmp_path)


def test_the_command_prints_both_trainings_and_the_gain(monkeypatch):
    few = [replace(trial, train=trial.train[:6]) for trial in bump_trials()[:1]]
    monkeypatch.setattr(mebench.runs.detection, "read_trials", lambda protocol: few)
    clips = [generated("y", "z", seed) for seed in range(100, 110)]
    monkeypatch.setattr(mebench.runs.downstream, "generated_clips", lambda folder: clips)
    printed = CliRunner().invoke(app, ["au", "downstream", "a-run"])
    assert printed.exit_code == 0, printed.output
    *_, names, real, more, gain, low, high = printed.output.splitlines()
    assert "tested on 30 clips of 30 people" in printed.output
    assert all(
        float(a) <= float(b) <= float(c) for a, b, c in zip(*(r.split()[-3:] for r in (low, gain, high)), strict=True)
    )
    assert names.split() == ["uf1", "uar", "f1_pooled"]
    without, added, difference = (np.array(row.split()[1:], dtype=float) for row in (real, more, gain))
    np.testing.assert_allclose(added - without, difference, atol=2e-3)
    stored = CliRunner().invoke(app, ["au", "downstream", "a-run", "--json"])
    assert json.loads(stored.stdout)["added_clips"] == {"x": 10}
