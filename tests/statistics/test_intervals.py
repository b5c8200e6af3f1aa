"""Clustered, two-way and paired intervals: against numbers worked by hand, against each other, and at the edges."""

import numpy as np
import pytest
from scipy import stats

from mebench.statistics.clustered import clustered_mean
from mebench.statistics.paired import paired_difference
from mebench.statistics.two_way import two_way_mean


def test_clustered_by_hand():
    interval = clustered_mean([1.0, 3.0, 5.0, 7.0], ["a", "a", "b", "b"])
    # residuals -3 -1 1 3, cluster sums -4 and 4: V = 2/1 * 32 / 16 = 4
    assert interval.mean == 4.0
    assert interval.standard_error == pytest.approx(2.0)
    assert interval.degrees == 1
    assert interval.clusters == (2,)
    half = 2.0 * stats.t.ppf(0.975, 1)
    assert (interval.low, interval.high) == pytest.approx((4.0 - half, 4.0 + half))
    assert interval.p_value == pytest.approx(2 * stats.t.sf(2.0, 1))


def test_one_clip_a_subject_is_the_ordinary_t_interval():
    values = np.random.default_rng(3).normal(size=12)
    ordinary = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    interval = clustered_mean(values, list(range(12)), confidence=0.9)
    assert (interval.low, interval.high) == pytest.approx((ordinary.low, ordinary.high))


def test_two_way_by_hand():
    values, driver, source = [0.0, 2.0, 4.0, 10.0], ["a", "a", "b", "b"], ["x", "y", "x", "y"]
    # residuals -4 -2 0 6; drivers -6, 6: Vs = 2 * 72 / 16 = 9; sources -4, 4: Vt = 2 * 32 / 16 = 4;
    # pairs: 4/3 * 56 / 16 = 14/3; Vs + Vt - Vst = 25/3 < Vs, so V = 9
    interval = two_way_mean(values, driver, source)
    assert interval.standard_error == pytest.approx(3.0)
    assert interval.degrees == 1
    assert interval.clusters == (2, 2)


def test_two_way_is_clustered_where_both_axes_are_one():
    rng = np.random.default_rng(5)
    subject = rng.integers(0, 7, 40).tolist()
    values = rng.normal(size=40)
    one, two = clustered_mean(values, subject), two_way_mean(values, subject, subject)
    assert (one.low, one.high, one.degrees) == pytest.approx((two.low, two.high, two.degrees))


def test_two_way_is_never_narrower_than_either_axis():
    rng = np.random.default_rng(6)
    for _ in range(50):
        driver, source = rng.integers(0, 5, 30), rng.integers(0, 6, 30)
        values = rng.normal(size=30)
        both = two_way_mean(values, driver.tolist(), source.tolist()).standard_error
        for axis in (driver, source):
            assert both >= clustered_mean(values, axis.tolist()).standard_error - 1e-12


def test_paired_is_the_interval_of_the_difference():
    rng = np.random.default_rng(7)
    a, b, driver, source = rng.normal(size=30), rng.normal(size=30), rng.integers(0, 6, 30), rng.integers(0, 5, 30)
    assert paired_difference(a, b, driver.tolist()) == clustered_mean(a - b, driver.tolist())
    two_way = two_way_mean(a - b, driver.tolist(), source.tolist())
    assert paired_difference(a, b, driver.tolist(), source.tolist()) == two_way
    swapped = paired_difference(b, a, driver.tolist())
    assert swapped.mean == pytest.approx(-paired_difference(a, b, driver.tolist()).mean)


def test_labels_and_order_do_not_matter():
    rng = np.random.default_rng(8)
    values, driver, source = rng.normal(size=25), rng.integers(0, 5, 25), rng.integers(0, 5, 25)
    order = rng.permutation(25)
    first = two_way_mean(values, [f"s{d}" for d in driver], [("x", int(s)) for s in source])
    second = two_way_mean(values[order], driver[order].tolist(), source[order].tolist())
    assert first.low == pytest.approx(second.low)
    assert first.high == pytest.approx(second.high)


@pytest.mark.parametrize(
    ("interval", "mean", "word"),
    [
        (clustered_mean([1.0, 2.0], ["a", "a"]), 1.5, "one subject"),
        (clustered_mean([], []), None, "no value"),
        (two_way_mean([1.0, 2.0], ["a", "b"], ["x", "x"]), 1.5, "one source identity"),
        (two_way_mean([1.0, 2.0], ["a", "a"], ["x", "y"]), 1.5, "one driving subject"),
        (two_way_mean([], [], []), None, "no value"),
    ],
)
def test_no_interval_but_a_reason(interval, mean, word):
    assert interval.mean == mean
    assert (interval.standard_error, interval.low, interval.high, interval.degrees) == (None, None, None, None)
    assert interval.p_value is None
    assert word in interval.reason


def test_equal_values_have_an_interval_of_no_width():
    interval = clustered_mean([2.0, 2.0, 2.0], ["a", "b", "c"])
    assert (interval.low, interval.high) == (2.0, 2.0)
    assert interval.p_value == 0.0
    assert paired_difference([1.0, 2.0], [1.0, 2.0], ["a", "b"]).p_value == 1.0


@pytest.mark.parametrize("bad", [[1.0, np.nan], [np.inf, 1.0]])
def test_missing_values_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        clustered_mean(bad, ["a", "b"])


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        clustered_mean([1.0, 2.0], ["a"])
    with pytest.raises(ValueError, match="same clips"):
        paired_difference([1.0, 2.0], [1.0], ["a", "b"])
    with pytest.raises(ValueError, match="between 0 and 1"):
        clustered_mean([1.0, 2.0], ["a", "b"], confidence=95)
