"""Ranks with their uncertainty: known orders, ties, families, and what leaving something out does."""

import numpy as np
import pytest

from mebench.statistics.ranking import (
    family_ranks,
    fold_draws,
    kendall_tau,
    leave_one_out,
    leave_out_labels,
    share_of_weights_won,
    standings,
)


def board(rng, effects, subjects=18, clips=4, folds=3):
    """Badness of methods that differ by ``effects``, and subject and fold of each clip."""
    subject = np.repeat(np.arange(subjects), clips)
    shared = rng.normal(size=subjects)[subject]
    values = {
        name: shared + effect + rng.normal(0.0, 0.3, subjects)[subject] + rng.normal(0.0, 0.3, len(subject))
        for name, effect in effects.items()
    }
    return values, subject.tolist(), (subject % folds).tolist()


def test_a_clear_order_is_certain():
    values, subjects, folds = board(np.random.default_rng(0), {"good": 0.0, "fair": 1.0, "bad": 2.0})
    found = standings(*fold_draws(values, subjects, folds))
    assert [row.name for row in found] == ["good", "fair", "bad"]
    assert [(row.rank_low, row.rank_high) for row in found] == [(1, 1), (2, 2), (3, 3)]
    assert [row.best for row in found] == [1.0, 0.0, 0.0]
    assert [row.group for row in found] == [0, 1, 2]
    assert all(row.low < row.mean < row.high for row in found)


def test_equal_methods_are_tied():
    values, subjects, folds = board(np.random.default_rng(1), {"one": 0.0, "two": 0.02, "bad": 2.0})
    found = standings(*fold_draws(values, subjects, folds))
    assert [row.group for row in found] == [0, 0, 1]
    assert sum(row.best for row in found) == pytest.approx(1.0)
    assert {row.rank_high for row in found[:2]} == {2.0}


def test_the_same_numbers_share_the_rank():
    values, subjects, folds = board(np.random.default_rng(2), {"one": 0.0})
    found = standings(*fold_draws({"one": values["one"], "copy": values["one"]}, subjects, folds))
    assert [row.rank for row in found] == [1.5, 1.5]
    assert [row.best for row in found] == [0.5, 0.5]
    assert [row.group for row in found] == [0, 0]


def test_folds_count_equally_whatever_their_size():
    subjects, folds = list(range(10)), [0] * 8 + [1] * 2
    _, means = fold_draws({"m": np.array([0.0] * 8 + [1.0] * 2)}, subjects, folds, draws=50)
    assert (means == 0.5).all()


def test_draws_cover_the_true_mean():
    """Percentile intervals over 24 subjects in two folds: nominal 95 %."""
    rng, hits = np.random.default_rng(3), 0
    for seed in range(300):
        values, subjects, folds = board(rng, {"m": 0.0}, subjects=24, folds=2)
        row = standings(*fold_draws(values, subjects, folds, draws=300, seed=seed))[0]
        hits += row.low <= 0.0 <= row.high
    assert 0.88 <= hits / 300 <= 0.98


def told_apart(shares, two_way, repeats=150):
    """How often two equal methods are told apart on eight drivers times eight sources. shares: variances of driver, source and
    clip in the difference of the two."""
    rng = np.random.default_rng(5)
    driver, source = (labels.ravel() for labels in np.meshgrid(range(8), range(8)))
    apart = 0
    for seed in range(repeats):
        parts = (rng.normal(0.0, share**0.5, size) for share, size in zip(shares, (8, 8, 64), strict=True))
        of_driver, of_source, of_clip = parts
        values = {"one": np.zeros(64), "other": of_driver[driver] + of_source[source] + of_clip}
        drawn = fold_draws(values, driver.tolist(), ["f"] * 64, 300, seed, source.tolist() if two_way else None)
        apart += len({row.group for row in standings(*drawn)}) - 1
    return apart / repeats


def test_drivers_alone_tell_equal_methods_apart_too_often_and_drivers_and_sources_do_not():
    assert told_apart((0.2, 0.3, 0.5), two_way=False) > 0.15
    assert told_apart((0.2, 0.3, 0.5), two_way=True) < 0.1
    assert told_apart((0.0, 0.0, 1.0), two_way=True) < 0.05


def test_clips_count_as_often_as_their_driver_times_their_source():
    """A clear difference is still found; where each source belongs to one driver alone, the mean without draws is the same."""
    values = {"good": np.zeros(12), "bad": 1.0 + 0.1 * np.arange(12.0)}
    drivers, sources = list(range(12)), [(k + 1) % 12 for k in range(12)]
    names, means = fold_draws(values, drivers, ["f"] * 12, 200, sources=sources)
    assert [row.group for row in standings(names, means)] == [0, 1]
    assert means[0] == pytest.approx([0.0, 1.55]) and np.isfinite(means).all() and means[:, 1].min() >= 1.0
    assert (fold_draws(values, drivers, ["f"] * 12, 200, sources=sources)[1] == means).all()


def test_a_draw_that_hits_no_clip_is_made_again():
    values = {"one": np.array([1.0, 2.0]), "other": np.array([2.0, 1.0])}
    _, means = fold_draws(values, ["a", "b"], ["f", "f"], 500, sources=["x", "y"])
    assert set(means[1:, 0].tolist()) == {1.0, 1.5, 2.0}


@pytest.mark.parametrize("sources", [None, [f"q{k % 4}" for k in range(24)]])
def test_a_clip_without_a_number_leaves_the_draws_as_they_are(sources):
    """The first subject has no counted clip, and every draw of the others is as before."""
    rng = np.random.default_rng(6)
    values = {"m": rng.normal(size=24), "n": rng.normal(size=24)}
    subjects, counted = [k // 2 for k in range(24)], [k > 1 for k in range(24)]
    whole, part = (
        fold_draws(values, subjects, ["f"] * 24, 500, sources=sources, counted=c)[1] for c in (None, counted)
    )
    assert part[0] == pytest.approx([values[name][2:].mean() for name in ("m", "n")])
    assert np.corrcoef(whole[1:, 0], part[1:, 0])[0, 1] > 0.8
    same = fold_draws(values, subjects, ["f"] * 24, 500, sources=sources, counted=[True] * 24)[1]
    assert (same == whole).all()


def test_a_draw_without_a_counted_clip_says_nothing():
    """Of two folds, one counted clip in the first alone: its value, or nothing where its subject is not drawn."""
    values = {"m": np.array([3.0, 9.0, 9.0, 9.0])}
    subjects, folds = ["s", "t", "u", "v"], ["f", "f", "g", "g"]
    _, means = fold_draws(values, subjects, folds, 300, counted=[True, False, False, False])
    assert means[0] == 3.0 and set(means[np.isfinite(means)]) == {3.0} and 30 < np.isnan(means).sum() < 120
    _, means = fold_draws(values, subjects, folds, 300, counted=[True, False, True, True])
    assert set(means[:, 0].tolist()) == {6.0, 9.0}
    with pytest.raises(ValueError, match="each clip"):
        fold_draws(values, subjects, folds, counted=[True])


def test_a_metric_that_says_nothing_does_not_count():
    nothing = np.array([[1.0, 2.0], [np.nan, np.nan]])
    sure = np.array([[2.0, 1.0], [1.0, 2.0]])
    assert family_ranks({"motion": {"gain": nothing, "spill": sure}}).tolist() == [[1.5, 1.5], [1.0, 2.0]]
    assert family_ranks({"motion": {"gain": nothing}, "identity": {"csim": sure}}).tolist() == [[1.5, 1.5], [1.0, 2.0]]


def test_families_vote_once():
    ranks = {
        "motion": {name: np.array([1.0, 2.0]) for name in ("gain", "spill", "profile")},
        "identity": {"csim": np.array([2.0, 1.0])},
    }
    assert family_ranks(ranks).tolist() == [1.5, 1.5]
    assert family_ranks(ranks, {"motion": 1.0}).tolist() == [1.0, 2.0]
    assert family_ranks(ranks, {"motion": 1.0, "identity": 3.0}).tolist() == [1.75, 1.25]
    assert share_of_weights_won(ranks) == pytest.approx([0.5, 0.5], abs=0.05)
    with pytest.raises(ValueError, match="no family"):
        family_ranks(ranks, {"beauty": 1.0})
    with pytest.raises(ValueError, match="positive"):
        family_ranks(ranks, {"motion": 0.0})


def test_leaving_out_a_metric_that_decides():
    ranks = {
        "motion": {"gain": np.array([1.0, 2.0, 3.0]), "odd": np.array([3.0, 2.0, 1.0])},
        "identity": {"csim": np.array([1.0, 2.0, 3.0])},
    }
    taus = leave_one_out(ranks)
    assert taus["odd"] == 1.0
    assert taus["csim"] < 1.0
    assert kendall_tau([1, 2, 3], [3, 2, 1]) == -1.0
    assert kendall_tau([1, 1], [1, 1]) == 1.0


def test_leaving_out_a_subject_that_decides():
    values = {"a": np.array([0.0, 0.0, 9.0]), "b": np.array([1.0, 1.0, 0.0])}
    taus = leave_out_labels(values, ["s", "t", "u"], ["f", "f", "f"], ["s", "t", "u"])
    assert taus == {"s": 1.0, "t": 1.0, "u": -1.0}


def test_missing_values_are_refused():
    with pytest.raises(ValueError, match="finite"):
        fold_draws({"m": np.array([1.0, np.nan])}, ["s", "t"], ["f", "f"])
