"""People: disjoint between domains, splits and training, different from each other, at rest and repeatable."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from mebench.datasets.synme.domains import BENCHMARK_DOMAINS, POPULATIONS
from mebench.datasets.synme.identity import LARGEST_PAIR, SPLIT_SIZES, Identity, identity
from mebench.datasets.synme.kit import load_kit
from mebench.errors import InputError

KIT = load_kit()


def everybody() -> list[Identity]:
    benchmark = [
        identity(domain, split, index)
        for domain in BENCHMARK_DOMAINS
        for split, count in SPLIT_SIZES.items()
        for index in range(count)
    ]
    return benchmark + [identity("t", split, index) for split in ("train", "validation") for index in range(40)]


def test_nobody_appears_twice():
    people = everybody()
    assert len(people) == 6 * 28 + 80
    assert len({person.key for person in people}) == len(people)
    assert len({person.draws("any").word() for person in people}) == len(people)
    assert len({person.shapes for person in people}) == len(people)


def test_split_sizes_are_16_4_8_and_end_there():
    assert SPLIT_SIZES == {"train": 16, "validation": 4, "benchmark": 8}
    for split, count in SPLIT_SIZES.items():
        with pytest.raises(InputError, match=f"has {count} {split} identities"):
            identity("a", split, count)
    assert identity("t", "train", 100_000).key == "t-train-100000"
    with pytest.raises(InputError, match="no domain 'z'"):
        identity("z", "train", 0)


def test_faces_differ_visibly_and_stay_human():
    rests = [person.rest(KIT)[KIT.landmarks] for person in everybody()[::5]]
    apart = [np.linalg.norm(a - b, axis=1).mean() for a, b in combinations(rests, 2)]
    assert np.median(apart) > 0.05 and min(apart) > 0.015  # dm, of a face 1.3 dm wide
    template = KIT.vertices[KIT.landmarks]
    assert max(np.linalg.norm(rest - template, axis=1).max() for rest in rests) < 0.6


def test_eyes_lie_where_the_template_has_them():
    middle = np.mean([KIT.vertices[ids].mean(axis=0) for ids in KIT.eyes], axis=0)
    for person in everybody()[::12]:
        rest = person.rest(KIT)
        left, right = (rest[ids].mean(axis=0) for ids in KIT.eyes)
        assert (left + right) / 2 == pytest.approx(middle, abs=1e-4)
        assert 0.5 < np.linalg.norm(left - right) < 0.72 and 0.8 < person.scale < 1.25


def test_traits_and_weights_stay_in_their_ranges():
    for person in everybody():
        assert sum(person.race) == pytest.approx(1.0)
        assert 0 <= person.gender <= 1 and 0 <= person.age <= 1 and -1 <= person.weight <= 1
        assert 0.05 <= person.melanin <= 1
        assert all(0 <= weight <= LARGEST_PAIR for name, _, weight in person.shapes if name.startswith("pair:"))
        macro = [weight for name, _, weight in person.shapes if name.startswith("macro:")]
        assert sum(macro) == pytest.approx(2.0)  # races and builds each sum to 1


def test_populations_differ_as_their_domains_say():
    asian = {d: np.mean([identity(d, "train", i).race[1] for i in range(16)]) for d in BENCHMARK_DOMAINS}
    assert asian["a"] > 0.85 and asian["e"] > 0.85 and asian["c"] < 0.6
    men = np.mean([identity("t", "train", index).male for index in range(120)])
    assert men == pytest.approx(POPULATIONS["t"].male, abs=0.15)


def test_a_symmetric_person_has_a_symmetric_face():
    person = identity("c", "train", 3)
    rest = person.symmetric().rest(KIT)
    assert np.abs(rest[KIT.mirror] * [-1, 1, 1] - rest).max() < 1e-5
    assert np.abs(person.rest(KIT)[KIT.mirror] * [-1, 1, 1] - person.rest(KIT)).max() > 1e-3


def test_another_process_draws_the_same_face_in_another_order():
    code = (
        "import hashlib; from mebench.datasets.synme.identity import identity;"
        "identity('b', 'train', 1).rest();"
        "print(hashlib.sha256(identity('a', 'benchmark', 3).rest().tobytes()).hexdigest())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(identity("a", "benchmark", 3).rest().tobytes()).hexdigest()
