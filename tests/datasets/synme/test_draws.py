"""Random numbers: a name gives the same numbers for ever, other names give others, and the distributions are right."""

from __future__ import annotations

import numpy as np
import pytest

from mebench.datasets.synme.draws import Draws


def test_words_are_those_of_the_first_release():
    draws = Draws("golden", 7)
    assert [draws.word() for _ in range(3)] == [9264459389283884421, 13649659831937545108, 16696537819121719363]
    assert Draws("golden", 7).normals(2).tolist() == pytest.approx([-0.07454164060231909, -1.1788414684637725])


def test_a_child_stream_does_not_depend_on_what_was_drawn_before():
    untouched, busy = Draws("a"), Draws("a")
    busy.normals(101)
    assert [untouched.child("x", 1).word() for _ in range(5)] == [busy.child("x", 1).word() for _ in range(5)]


def test_names_that_look_alike_are_different_streams():
    names = [("a", 12), ("a", 1, 2), ("a1", 2), ("a", "12"), ("a", "1", 2)]
    assert len({Draws(*name).word() for name in names}) == len(names)


def test_uniform_normal_and_choice_have_their_moments():
    draws = Draws("moments")
    count = 20000
    uniform = np.array([draws.uniform(2.0, 4.0) for _ in range(count)])
    assert uniform.min() >= 2.0 and uniform.max() < 4.0
    assert uniform.mean() == pytest.approx(3.0, abs=0.02) and uniform.var() == pytest.approx(4 / 12, rel=0.03)
    normal = draws.normals(count)
    assert normal.mean() == pytest.approx(0.0, abs=0.03) and normal.std() == pytest.approx(1.0, rel=0.02)
    assert (np.abs(normal) > 1.96).mean() == pytest.approx(0.05, abs=0.005)
    picks = np.bincount([draws.choice((0, 1, 2), (1.0, 3.0, 0.0)) for _ in range(4000)], minlength=3)
    assert picks[2] == 0 and picks[1] / 4000 == pytest.approx(0.75, abs=0.03)
    integers = np.bincount([draws.integer(1, 3) for _ in range(3000)])
    assert integers[0] == 0 and len(integers) == 4 and integers[1:].min() > 900


def test_dirichlet_has_its_mean_and_variance():
    draws = Draws("dirichlet")
    concentration = np.array([0.3, 1.5, 0.05])
    samples = np.array([draws.dirichlet(concentration.tolist()) for _ in range(8000)])
    total = concentration.sum()
    mean = concentration / total
    assert np.allclose(samples.sum(axis=1), 1.0)
    assert samples.mean(axis=0) == pytest.approx(mean, abs=0.015)
    assert samples.var(axis=0) == pytest.approx(mean * (1 - mean) / (total + 1), rel=0.12)
