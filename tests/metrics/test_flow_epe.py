"""End-point error: by hand, and the still clip as the mean true motion."""

from dataclasses import replace

import numpy as np
import pytest
from moving_face import OFFSET, ONSET, face

from mebench.errors import Unavailable
from mebench.metrics.truth.flow_epe import FRAMES as JUDGED
from mebench.metrics.truth.flow_epe import METRIC


def true_motion(laboratory):
    """Mean length of the true motion in thousandths of the inter-ocular distance, written down once more."""
    sample = laboratory.moving()
    frames = sample.spread(JUDGED, ONSET + 1, OFFSET)
    lengths = [np.hypot(*laboratory.motion.displacement(frame)[face()].T).mean() for frame in frames]
    return 1000.0 * np.mean(lengths) / sample.inter_ocular


def test_still_scores_the_mean_true_motion(laboratory):
    assert METRIC.score(laboratory.sample(laboratory.still())) == pytest.approx(true_motion(laboratory), rel=1e-4)


def test_the_truth_scores_the_error_of_the_estimator(laboratory):
    """0.03 px mean error at 51 px between the eyes."""
    assert METRIC.score(laboratory.sample(laboratory.truth_frames)) < 0.8


def test_a_known_error_is_read(laboratory):
    sample = laboratory.moving()
    exact = np.stack([sample.exact_flow(frame)[0] for frame in range(sample.frame_count)])
    perfect = laboratory.sample(sample.output)
    perfect.__dict__["output_flows"] = exact
    assert METRIC.score(perfect) == 0.0
    perfect.__dict__["output_flows"] = exact + np.float32([0.3, -0.4])
    assert METRIC.score(perfect) == pytest.approx(1000.0 * 0.5 / sample.inter_ocular, rel=1e-5)


def test_half_and_wrong_head_motion_are_in_between(laboratory):
    read = [METRIC.score(laboratory.moving(**changes)) for changes in ({}, {"gain": 0.5}, {"head": 0.0})]
    assert read[0] < 0.8 < read[1] < read[2] < true_motion(laboratory)


def test_needs_the_truth(laboratory):
    with pytest.raises(Unavailable, match="open set"):
        METRIC.score(replace(laboratory.moving(), truth=None))


def test_nothing_valid_is_a_reason(laboratory):
    sample = laboratory.moving()
    hidden = replace(sample.truth, face=np.zeros((256, 256), dtype=bool))
    with pytest.raises(Unavailable, match="valid nowhere"):
        METRIC.score(replace(sample, truth=hidden))
