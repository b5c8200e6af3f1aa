"""What every registered metric of sets must do, tested by existing: it is a pure function of stored vectors."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from mebench import registry
from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors
from mebench.metrics.set_metric import Member, SetMetric
from mebench.runs.vectors import read_vectors, vector_bytes
from mebench.statistics import set_score

NAMES = [name for name in registry.names("metrics") if registry.load("metrics", name).facts.per == "set"]
WIDTH, PEOPLE, CLIPS = 12, 8, 2


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(set_score, "DRAWS", 19)


@pytest.fixture(params=NAMES)
def metric(request):
    return registry.load("metrics", request.param)


def members(shift=0.0, grey=(), spread=1.0):
    """Two clips of eight people; outputs are the real clips in other draws, moved away by ``shift``."""
    rng = np.random.default_rng(5)
    found = []
    for person in range(PEOPLE):
        own = rng.normal(size=WIDTH)
        for clip in range(CLIPS):
            colour, noise = rng.normal(size=WIDTH) * 0.3, rng.normal(size=WIDTH)
            real = own + rng.normal(size=WIDTH)
            made = real + shift + 0.1 * noise * bool(shift) if spread == 1.0 else spread * real
            sides = [ClipVector((v + colour).astype(np.float32), v.astype(np.float32)) for v in (made, real)]
            if (person, clip) in grey:
                sides = [replace(side, colour=None) for side in sides]
            found.append(Member(PairVectors(*sides, real_is_driving=False), f"p{person}", f"p{person}"))
    return found


def test_there_are_some():
    assert {"kid[alexnet]", "mmd[alexnet]", "fid[inception]", "fvd[r3d18]", "fvd[i3d]"} <= set(NAMES)


def test_facts_are_complete(metric):
    facts = metric.facts
    assert isinstance(metric, SetMetric)
    assert facts.name in NAMES
    assert f"[{metric.encoder.name}]" in facts.name
    assert facts.networks == metric.encoder.networks != ()
    assert (facts.direction, facts.ceiling) == ("lower", 0.0)
    assert facts.worst > 0.0
    assert facts.ranked == (facts.name.partition("[")[0] not in ("fid", "fvd"))
    assert all(getattr(facts, field.name) is not None for field in fields(facts) if field.name != "floor")
    assert facts.summary.endswith(".")
    assert all(trap.endswith(".") for trap in facts.traps)


def test_equal_sets_reach_the_ceiling(metric):
    score = metric.combine(members())
    assert score.value == pytest.approx(metric.facts.ceiling, abs=1e-6)
    assert score.p_value == 1.0


def test_what_stands_beside_the_number(metric):
    score = metric.combine(members(shift=1.0))
    assert score.value > 0.0
    assert score.low < score.high
    assert score.p_value <= 0.05
    assert score.value_at_floor > score.floor
    assert (score.made, score.real, score.subjects) == (PEOPLE * CLIPS, PEOPLE * CLIPS, PEOPLE)


def test_farther_is_worse(metric):
    near, far = (metric.combine(members(shift=shift)).value for shift in (0.5, 2.0))
    assert far > near > 0.0


def test_the_order_of_the_clips_changes_nothing(metric):
    given = members(shift=0.7)
    order = np.random.default_rng(1).permutation(len(given))
    assert metric.combine([given[i] for i in order]).value == pytest.approx(metric.combine(given).value, rel=1e-9)


def test_stored_vectors_give_the_same_bytes(metric):
    """Shards store the vectors of their clips; whoever puts them together gets the same number, to the last bit."""
    given = members(shift=0.7)
    stored = [
        replace(member, vectors=read_vectors(vector_bytes({metric.encoder.name: member.vectors}))[metric.encoder.name])
        for member in given
    ]
    assert metric.combine(stored) == metric.combine(given)


def test_one_grey_clip_makes_the_comparison_grey(metric):
    """As if all clips had no colour: luma, repeated, is what the vectors of a grey clip are made of."""
    everything = {(person, clip) for person in range(PEOPLE) for clip in range(CLIPS)}
    one = metric.combine(members(shift=0.7, grey={(3, 1)}))
    assert one == metric.combine(members(shift=0.7, grey=everything))
    assert one.value != metric.combine(members(shift=0.7)).value


def test_what_is_no_number_is_refused_with_a_reason(metric):
    given = members(shift=0.7)
    spoiled = given[4].vectors.made
    for vector in (spoiled.colour, spoiled.luma):
        vector[3] = np.nan
    score = metric.combine(given)
    assert score.value is None
    assert score.reason == "a clip has features that are no numbers."


def test_too_few_people_are_a_reason(metric):
    assert "one side has 3" in metric.combine(members()[: 3 * CLIPS]).reason
