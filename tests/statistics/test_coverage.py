"""Seeded simulations: a nominal 95 % interval covers the true mean about 95 times in 100, and what would not.

Each bound is the nominal level with room for the sampling error of the simulation (2000 replications: sd 0.5 points)
and for the few subjects.
"""

import numpy as np

from mebench.statistics.clustered import clustered_mean
from mebench.statistics.paired import paired_difference
from mebench.statistics.two_way import two_way_mean

REPLICATIONS = 2000


def covered(intervals, truth=0.0):
    return np.mean([interval.low <= truth <= interval.high for interval in intervals])


def clips(rng, subject, correlation):
    """Values with true mean 0 and variance 1 whose correlation within a subject is given."""
    shared = rng.normal(0.0, np.sqrt(correlation), subject.max() + 1)
    return shared[subject] + rng.normal(0.0, np.sqrt(1.0 - correlation), len(subject))


def test_clustered_interval_at_16_subjects():
    rng = np.random.default_rng(2026)
    subject = np.repeat(np.arange(16), 10)
    labels = subject.tolist()
    assert 0.93 <= covered([clustered_mean(clips(rng, subject, 0.3), labels) for _ in range(REPLICATIONS)]) <= 0.97


def test_clustered_interval_with_unequal_subjects():
    rng = np.random.default_rng(2027)
    subject = np.repeat(np.arange(16), [5, 6, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 13, 14, 15, 16])
    labels = subject.tolist()
    assert 0.92 <= covered([clustered_mean(clips(rng, subject, 0.3), labels) for _ in range(REPLICATIONS)]) <= 0.97


def test_independent_clips_would_be_a_false_claim():
    rng = np.random.default_rng(2028)
    subject = np.repeat(np.arange(16), 10)
    naive = [clustered_mean(clips(rng, subject, 0.3), range(160)) for _ in range(500)]
    assert covered(naive) < 0.75


def test_two_way_interval():
    rng = np.random.default_rng(2029)
    driver, source = np.arange(120) % 24, np.arange(120) // 15  # 24 driving subjects, 8 sources
    labels = (driver.tolist(), source.tolist())

    def crossed():
        shared = rng.normal(0.0, np.sqrt(0.2), 24)[driver] + rng.normal(0.0, np.sqrt(0.2), 8)[source]
        return shared + rng.normal(0.0, np.sqrt(0.6), 120)

    draws = [crossed() for _ in range(REPLICATIONS)]
    assert 0.93 <= covered([two_way_mean(values, *labels) for values in draws]) <= 0.98
    assert covered([clustered_mean(values, labels[0]) for values in draws]) < 0.8


def test_false_wins_of_a_paired_comparison():
    rng = np.random.default_rng(2030)
    subject = np.repeat(np.arange(24), 8)
    labels = subject.tolist()

    def rejected(groups):
        p = []
        for _ in range(1000):
            shared = rng.normal(size=192)
            taste = rng.normal(0.0, 0.4, (2, 24))  # a method suits some subjects better than others
            a, b = (shared + taste[k][subject] + rng.normal(0.0, 0.5, 192) for k in range(2))
            p.append(paired_difference(a, b, groups).p_value)
        return np.mean(np.array(p) < 0.05)

    assert 0.03 <= rejected(labels) <= 0.075
    assert rejected(range(192)) > 0.15
