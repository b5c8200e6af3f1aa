"""The difference of two evaluations and its interval."""

from __future__ import annotations

import json

import numpy as np
import pytest
from bump_clips import bump_trials
from typer.testing import CliRunner

from mebench.cli.app import app
from mebench.detectors.difference import Decided, differences, digits, read_decided, record_of_tests, scores
from mebench.detectors.scores import f1, f1_macro
from mebench.errors import InputError


def sides(right: float, seeds: int = 1):
    """Decisions on 60 clips of 20 people in two folds, right with a probability."""
    rng = np.random.default_rng(1)
    present = rng.random((60, 12)) < 0.3
    said = [present ^ (np.random.default_rng(seed).random((60, 12)) > right) for seed in range(seeds)]
    people = tuple(f"p{number // 3}" for number in range(60))
    return Decided(people, ("a",) * 30 + ("b",) * 30, present, tuple(said))


def test_scores_of_plain_weights_are_the_usual_ones():
    side = sides(0.8)
    found = scores(side.present, side.seeds[0], np.ones((1, 60)))
    assert found["f1_pooled"][0] == pytest.approx(f1(side.present, side.seeds[0]).mean())
    assert found["uf1"][0] == pytest.approx(f1_macro(side.present, side.seeds[0]).mean())
    recalls = [
        np.mean([(side.seeds[0][side.present[:, k] == kind, k] == kind).mean() for kind in (True, False)])
        for k in range(12)
    ]
    assert found["uar"][0] == pytest.approx(np.mean(recalls))
    twice = np.repeat(np.arange(60), 2)
    again = scores(side.present[twice], side.seeds[0][twice], np.ones((1, 120)))
    assert again["uf1"][0] == pytest.approx(found["uf1"][0])
    nothing = np.zeros((60, 12), dtype=bool)
    assert scores(nothing, nothing, np.ones((1, 60)))["uf1"][0] == 1.0


def test_an_interval_holds_its_difference_and_narrows_with_people():
    one = differences(sides(0.7), sides(0.95))["f1_pooled"]
    assert one.difference == pytest.approx(one.second - one.first)
    assert 0.0 < one.low < one.difference < one.high
    same = differences(sides(0.7), sides(0.7))["uf1"]
    assert (same.low, same.difference, same.high) == (0.0, 0.0, 0.0)
    single = sides(0.7)
    alone = Decided(("p",) * 60, ("a",) * 60, single.present, single.seeds)
    better = Decided(alone.people, alone.folds, single.present, sides(0.95).seeds)
    found = differences(alone, better)["uf1"]
    assert found.low == pytest.approx(found.high)  # one person: nobody else could have been drawn
    with pytest.raises(InputError, match="different clips"):
        differences(single, alone)


def test_decisions_come_back_from_a_file(tmp_path):
    trials = bump_trials()
    stored = {"protocol": "x", "test": record_of_tests(trials), "detectors": []}
    rng = np.random.default_rng(0)
    said = [rng.random((90, 12)) < 0.5 for _ in range(2)]
    stored["detectors"] = [{"detector": "d", "decided": [digits(one) for one in said]}]
    stored = json.loads(json.dumps(stored))
    side = read_decided(stored, "d")
    assert all(np.array_equal(one, two) for one, two in zip(side.seeds, said, strict=True))
    assert np.array_equal(side.present, [clip.present for trial in trials for clip in trial.test])
    assert side.folds[::30] == ("x", "y", "z")
    with pytest.raises(InputError, match="0 rows of 'other'"):
        read_decided(stored, "other")
    (tmp_path / "one.json").write_text(json.dumps(stored))
    words = ["au", "compare", "d", str(tmp_path / "one.json"), str(tmp_path / "one.json")]
    printed = CliRunner().invoke(app, words)
    assert printed.exit_code == 0, printed.output
    assert "90 test clips of 90 people; seeds: 2, 2" in printed.output
    assert "+0.000   +0.000 to +0.000" in printed.output
    del stored["test"]
    (tmp_path / "one.json").write_text(json.dumps(stored))
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "no readable decisions" in refused.output
