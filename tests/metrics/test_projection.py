"""Known gains, known timing, known spill: what the motion family must read, with sensor noise in source and driving."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from moving_face import (
    APEX,
    FPS,
    FRAMES,
    ONSET,
    Laboratory,
    Motion,
    face,
    flicker,
    jpeg,
    landmarks,
    move,
    sensor,
)

from mebench.errors import Unavailable
from mebench.metrics.motion.apex_error import METRIC as APEX_ERROR
from mebench.metrics.motion.course import moments
from mebench.metrics.motion.fields import affine_basis, background, pixels, residual, without
from mebench.metrics.motion.gain import METRIC as GAIN
from mebench.metrics.motion.gain_error import METRIC as GAIN_ERROR
from mebench.metrics.motion.profile import METRIC as PROFILE
from mebench.metrics.motion.projection import project
from mebench.metrics.motion.spill import METRIC as SPILL


def scores(sample):
    return {metric.facts.name: metric.score(sample) for metric in (GAIN, GAIN_ERROR, SPILL, PROFILE, APEX_ERROR)}


def test_the_reference_itself_is_exact(laboratory):
    got = scores(laboratory.sample(laboratory.truth_frames))
    assert got["gain"] == pytest.approx(1.0, abs=1e-12)
    assert got["gain_error"] == pytest.approx(0.0, abs=1e-11)
    assert got["spill"] == pytest.approx(0.0, abs=1e-6)
    assert got["profile"] == pytest.approx(1.0, abs=1e-12)
    assert got["apex_error"] == 0.0


@pytest.mark.parametrize("gain", [0.25, 0.5, 1.0, 2.0])
def test_known_gains_of_a_noisy_source(gain, laboratory):
    got = scores(laboratory.moving(gain=gain))
    assert got["gain"] == pytest.approx(gain, rel=0.08)
    assert got["gain_error"] == pytest.approx(abs(np.log2(gain)), abs=0.12)
    assert got["profile"] > 0.99
    assert got["apex_error"] <= 2.0


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_known_gains_at_half_a_pixel_and_strong_noise(gain, hard_laboratory):
    assert GAIN.score(hard_laboratory.moving(gain=gain)) == pytest.approx(gain, rel=0.12)


def test_gains_are_monotone(laboratory, hard_laboratory):
    for lab in (laboratory, hard_laboratory):
        read = [project(lab.moving(gain=gain)).gain for gain in (0.0, 0.25, 0.5, 1.0, 2.0)]
        assert (np.diff(read) > 0.15).all()
        assert abs(read[0]) < 0.05


def test_fresh_sensor_noise_biases_the_gain_little(laboratory):
    for gain in (0.5, 1.0):
        output = sensor(laboratory.output(gain=gain), 2.0, seed=5)
        assert GAIN.score(laboratory.sample(output)) == pytest.approx(gain, rel=0.1)
    coded = jpeg(sensor(laboratory.truth_frames, 2.0, seed=7), 70)
    assert GAIN.score(laboratory.sample(coded)) == pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize("head", [0.0, 0.5, 2.0])
def test_head_motion_does_not_count(head, laboratory):
    """A head that moves too little or too much, parallax of the nose included, changes neither gain nor course."""
    got = scores(laboratory.moving(head=head))
    assert got["gain"] == pytest.approx(1.0, rel=0.06)
    assert got["profile"] > 0.99
    assert got["spill"] < 0.25


def test_the_head_alone_is_no_expression(laboratory):
    assert abs(project(laboratory.moving(gain=0.0)).gain) < 0.05


def test_spill_counts_motion_of_another_place(laboratory):
    right = SPILL.score(laboratory.moving())
    both = SPILL.score(laboratory.moving(wrong=1.0))
    alone = project(laboratory.moving(gain=0.0, wrong=1.0)).spill
    assert right < 0.15 < 0.4 < both < 0.7 < 0.9 < alone <= 1.0


def test_spill_counts_a_moving_background(laboratory):
    sample = laboratory.moving()
    far = background(sample)
    assert 0.1 < far.mean() < 0.5
    assert not (far & face()).any()
    shift = np.zeros((256, 256, 2))
    shift[..., 0] = 0.6
    moved = sample.output.copy()
    for frame in range(ONSET + 1, FRAMES):
        moved[frame] = np.where(far[..., None], move(moved[frame], shift), moved[frame])
    assert SPILL.score(replace(sample, output=moved)) > 0.5 + SPILL.score(sample)


def test_spill_does_not_count_missing_strength(laboratory):
    for gain in (0.5, 2.0):
        assert SPILL.score(laboratory.moving(gain=gain)) < 0.2


@pytest.mark.parametrize("lag", [1.0, 2.0, 3.0])
def test_a_lag_is_motion_at_the_wrong_time(lag, laboratory):
    got = scores(laboratory.moving(lag=lag))
    assert got["apex_error"] == pytest.approx(lag * 1000.0 / FPS, abs=5.0)
    assert got["gain"] > 0.25
    assert got["profile"] < 1.0 - 0.04 * lag


def test_profile_falls_with_the_lag_and_is_not_negative(laboratory):
    read = [PROFILE.score(laboratory.moving(lag=lag)) for lag in (0.0, 1.0, 2.0, 3.0)]
    assert all(later < earlier for earlier, later in pairwise(read))
    assert read[-1] >= 0.0


def test_another_apex_time_by_hand():
    times = np.arange(0.0, 200.0, 10.0)
    curve = np.exp(-0.5 * ((times - 83.0) / 30.0) ** 2)
    found = moments(curve, times, 15.0)
    assert found.apex == pytest.approx(83.0, abs=1.0)
    half_width = np.hypot(30.0, 15.0) * np.sqrt(2.0 * np.log(4.0))  # a Gaussian of both widths at a quarter
    assert found.onset == pytest.approx(83.0 - half_width, abs=6.0)
    assert found.offset == pytest.approx(83.0 + half_width, abs=6.0)


def test_without_a_truth_the_driving_clip_is_the_measure(laboratory):
    sample = laboratory.moving(gain=0.5)
    outside = replace(
        sample, truth=None, same_identity=True, onset_landmarks=landmarks(), known_reference_flows=None,
        driving=laboratory.output(),
    )  # fmt: skip
    assert GAIN.score(outside) == pytest.approx(0.5, rel=0.05)
    assert PROFILE.score(outside) > 0.99
    assert SPILL.score(replace(outside, output=outside.driving)) == pytest.approx(0.0, abs=1e-6)


def test_no_expression_no_number(laboratory):
    calm = Laboratory(Motion(amplitude=0.02), noise=0.0)
    for metric in (GAIN, GAIN_ERROR, SPILL, PROFILE, APEX_ERROR):
        with pytest.raises(Unavailable, match="no measurable expression"):
            metric.score(calm.sample(laboratory.output()))
    still = laboratory.sample(laboratory.still())
    outside = replace(still, truth=None, same_identity=True, onset_landmarks=landmarks(), driving=laboratory.still())
    with pytest.raises(Unavailable, match="no measurable expression"):
        GAIN.score(replace(outside, known_reference_flows=None))


def test_blinking_frames_are_left_out(laboratory):
    sample = laboratory.moving()
    units = sample.truth.action_units.copy()
    units[10:12, 24] = 0.7
    blinking = replace(sample, truth=replace(sample.truth, action_units=units))
    assert project(blinking).judged.tolist() == [t for t in range(FRAMES) if t != ONSET and not 10 <= t < 12]
    spoiled = sample.output.copy()
    spoiled[10:12] = 255 - spoiled[10:12]
    assert GAIN.score(replace(blinking, output=spoiled)) == GAIN.score(blinking)
    assert PROFILE.score(replace(blinking, output=spoiled)) == PROFILE.score(blinking)


def test_affine_motion_is_taken_out_completely():
    mask = face()
    rows, columns = np.mgrid[:256, :256].astype(np.float32)
    flow = np.stack((0.3 + 0.01 * columns - 0.02 * rows, -0.1 + 0.02 * columns + 0.005 * rows), axis=-1)[None]
    basis = affine_basis(mask)
    assert np.allclose(basis.T @ basis, np.eye(6), atol=1e-9)
    assert np.abs(without(pixels(flow, mask), basis)).max() < 1e-4


def test_residual_is_that_of_least_squares():
    rng = np.random.default_rng(0)
    models, field = rng.normal(size=(2, 50)), rng.normal(size=50)
    _, expected, *_ = np.linalg.lstsq(models.T, field, rcond=None)
    assert residual(field, models) == pytest.approx(expected[0])
    assert residual(field, np.zeros((1, 50))) == pytest.approx(field @ field)
    assert residual(3.0 * models[0], np.stack((models[0], models[0]))) == pytest.approx(0.0, abs=1e-12)


def test_flicker_of_the_lamp_changes_little(laboratory):
    got = scores(laboratory.sample(flicker(laboratory.output(), 0.01)))
    assert got["gain"] == pytest.approx(1.0, rel=0.08)
    assert got["profile"] > 0.99


def test_the_apex_is_where_the_reference_has_it(laboratory):
    projection = project(laboratory.moving())
    assert projection.frames.tolist() == list(range(FRAMES))
    assert projection.reference_curve[APEX] == pytest.approx(1.0)
    assert int(projection.reference_curve.argmax()) == APEX
    assert projection.reference_curve[ONSET] == projection.output_curve[ONSET] == 0.0
