"""Stored vectors of set metrics: the same bytes again, kept beside those of other networks, and damage is noticed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors
from mebench.metrics.realism.mmd_alexnet import METRIC as MMD
from mebench.metrics.set_metric import Member
from mebench.runs.schema import SCHEMA_VERSION
from mebench.runs.sets import set_numbers
from mebench.runs.store import RunStore
from mebench.runs.vectors import read_vectors, vector_bytes


def pair(seed, colour=True, shift=0.0, driving=False):
    rng = np.random.default_rng(seed)
    made, real, luma = (rng.normal(size=4).astype(np.float32) for _ in range(3))
    return PairVectors(ClipVector(made + np.float32(shift) if colour else None, luma), ClipVector(real, luma), driving)


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path)
    store.prepare(alone=True)
    return store


def test_what_is_written_is_read():
    vectors = {"one": pair(0), "two": pair(1, colour=False, driving=True)}
    data = vector_bytes(vectors)
    assert vector_bytes(dict(reversed(vectors.items()))) == data
    found = read_vectors(data)
    assert set(found) == {"one", "two"}
    assert np.array_equal(found["one"].made.colour, vectors["one"].made.colour)
    assert found["two"].made.colour is None
    assert found["two"].real_is_driving
    assert not found["one"].real_is_driving


def test_networks_stand_beside_each_other(store):
    store.write_vectors("t", {"one": pair(0)})
    digest = store.write_vectors("t", {"two": pair(1)})
    assert set(store.vectors("t")) == {"one", "two"}
    assert store.vectors_are_whole("t", digest)


def test_damage_is_noticed(store, tmp_path):
    digest = store.write_vectors("t", {"one": pair(0)})
    (tmp_path / "features" / "t.npz").write_bytes(b"damaged")
    assert not store.vectors_are_whole("t", digest)
    assert store.vectors("t") == {}
    assert store.vectors("never written") == {}


def test_only_the_vectors_that_a_row_vouches_for_count(store):
    digest = store.write_vectors("t", {"one": pair(0)})
    row = {"task": {"key": "t"}, "status": "ok", "features": digest}
    assert set(store.vectors_of(row)) == {"one"}
    assert store.vectors_of({**row, "features": None}) == {}
    assert store.vectors_of({**row, "status": "failed"}) == {}
    assert store.vectors_of(None) == {}


def test_a_failed_clip_has_no_part_in_a_distance_of_sets(store, monkeypatch):
    """Its vectors may still lie there, from before it failed."""
    digests = [store.write_vectors(f"t{k}", {MMD.encoder.name: pair(k)}) for k in range(6)]
    people = {"kind": "cross", "dataset": "fake", "source_dataset": None}
    rows = [
        {
            "schema_version": SCHEMA_VERSION,
            "task": {**people, "key": f"t{k}", "hash": f"{k}", "driving_subject": f"d{k}", "source_subject": f"s{k}"},
            "status": "failed" if k == 5 else "ok",
            "scores": {},
            "features": digest,
        }
        for k, digest in enumerate(digests)
    ]
    for row in rows:
        store.write_row(row)
    info = {"name": MMD.facts.name, "per": "set"}
    plan = SimpleNamespace(
        folder=store.folder,
        metrics={MMD.facts.name: info},
        protocol=SimpleNamespace(statistics=SimpleNamespace(confidence=0.95)),
    )
    cell, record = set_numbers(plan, rows, {})[MMD.facts.name, "cross"]
    assert (cell["counted"], cell["missing"], record["clips"]) == (5, 1, 5)


def test_one_grey_clip_makes_the_comparison_grey():
    """The luma vectors of both sides are equal here, the colour vectors are far apart."""
    colour = [Member(pair(k, shift=9.0), k, k) for k in range(6)]
    assert MMD.combine(colour).value > 100.0
    assert MMD.combine([*colour[:-1], Member(pair(9, colour=False), 9, 9)]).value == pytest.approx(0.0, abs=1e-9)


def test_the_real_clip_belongs_to_whoever_it_shows():
    members = [Member(pair(k, driving=True), f"source {k}", f"driver {k % 2}") for k in range(6)]
    assert "one side has 2" in MMD.combine(members).reason
