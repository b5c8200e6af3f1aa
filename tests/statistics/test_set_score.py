"""Distances of sets: known values, no bias by subjects, honest p-values, and independence of order."""

import numpy as np
import pytest
from scipy import linalg

from mebench.statistics.distances import frechet, gaussian_mmd, polynomial_mmd
from mebench.statistics.set_score import set_score

DISTANCES = [gaussian_mmd, polynomial_mmd, frechet]


def clustered(rng, subjects=24, clips=4, width=16, share=0.25, shift=0.0):
    """Vectors ``[S*C,D]`` a quarter of whose variance lies between subjects, and the subject of each."""
    owner = np.repeat(np.arange(subjects), clips)
    own = rng.normal(0.0, np.sqrt(share), (subjects, width))
    return own[owner] + rng.normal(0.0, np.sqrt(1.0 - share), (len(owner), width)) + shift, owner


def pooled(x, y, subjects_x, subjects_y, distance):
    rows = np.concatenate((x, y))
    subject = np.concatenate((subjects_x, subjects_y))
    real = np.arange(len(rows)) >= len(x)
    return distance(rows, subject, real)(~real * 1.0, real * 1.0)


def test_frechet_is_the_formula():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 5)), rng.normal(0.3, 1.4, size=(50, 5))
    a, b = np.cov(x.T), np.cov(y.T)
    root = linalg.sqrtm(a @ b).real
    expected = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(a + b - 2.0 * root)
    assert pooled(x, y, np.arange(60), np.arange(50), frechet) == pytest.approx(expected, rel=1e-9)


def test_mmd_is_the_u_statistic_when_everybody_has_one_clip():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(9, 4)), rng.normal(0.5, 1.0, size=(9, 4))

    def kernel(a, b):
        return (a @ b.T / 4.0 + 1.0) ** 3

    off = ~np.eye(9, dtype=bool)
    expected = kernel(x, x)[off].mean() + kernel(y, y)[off].mean() - 2.0 * kernel(x, y).mean()
    assert pooled(x, y, np.arange(9), np.arange(9, 18), polynomial_mmd) == pytest.approx(expected)


def test_pairs_of_one_subject_would_be_a_bias():
    """Two sets of one law, other people in each: the masked estimate is 0 on average, the usual one is not."""
    rng = np.random.default_rng(2)
    masked, usual = [], []
    for _ in range(60):
        (x, s), (y, t) = clustered(rng), clustered(rng)
        masked.append(pooled(x, y, s, t + 100, gaussian_mmd))
        usual.append(pooled(x, y, np.arange(len(x)), np.arange(1000, 1000 + len(y)), gaussian_mmd))
    error = np.std(masked) / np.sqrt(60)
    assert abs(np.mean(masked)) < 3.0 * error
    assert np.mean(usual) > 5.0 * error


@pytest.mark.parametrize("distance", DISTANCES)
def test_equal_sets_are_at_no_distance(distance):
    x, s = clustered(np.random.default_rng(3), subjects=8)
    score = set_score(x, x, s, s, distance)
    assert score.value == pytest.approx(0.0, abs=1e-9)
    assert score.p_value == 1.0


@pytest.mark.parametrize("distance", DISTANCES)
def test_order_does_not_matter_and_a_shift_is_found(distance):
    rng = np.random.default_rng(4)
    (x, s), (y, t) = clustered(rng, shift=0.8), clustered(rng)
    score = set_score(x, y, s, t, distance)
    order = rng.permutation(len(x))
    again = set_score(x[order], y[order], s[order], t[order], distance)
    assert again.value == pytest.approx(score.value)
    assert score.p_value <= 0.01
    assert score.low < score.value < score.high
    assert score.value_at_floor > score.floor


def test_p_values_are_honest():
    """Subjects in both sets, equal laws: at most about one in ten below 0.1."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(40):
        (x, s), (y, _) = clustered(rng, subjects=8, clips=2, width=4), clustered(rng, subjects=8, clips=2, width=4)
        found.append(set_score(x, y, s, s + 50, polynomial_mmd).p_value)
    assert np.mean(np.array(found) <= 0.1) <= 0.25
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_what_cannot_be_compared_has_a_reason():
    x, s = clustered(np.random.default_rng(6), subjects=8)
    assert "differ in size" in set_score(x[:-1], x, s[:-1], s, gaussian_mmd).reason
    few = set_score(x[:8], x[:8], s[:8], s[:8], gaussian_mmd)
    assert few.value is None
    assert "one side has 2" in few.reason


def test_units():
    x, s = clustered(np.random.default_rng(7), subjects=6)
    y = clustered(np.random.default_rng(8), subjects=6)[0]
    score = set_score(x, y, s, s, gaussian_mmd)
    assert score.scaled(1000.0).value == pytest.approx(1000.0 * score.value)
    assert score.scaled(1000.0).p_value == score.p_value
