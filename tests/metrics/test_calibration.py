"""The flow estimator at known gains: what it reads, that it grows, and that it can be turned around."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mebench.errors import Unavailable
from mebench.metrics.motion.calibration import GAINS, Calibration, calibrate, moved
from mebench.runs.curves import calibration


@pytest.fixture(scope="module")
def found(laboratory):
    return calibrate(laboratory.moving())


def test_the_reading_grows_with_the_gain_and_is_nearly_right(found):
    assert found.gains == GAINS == (0.0, 0.25, 0.5, 1.0, 2.0)
    assert found.estimator == "dis-fine"
    assert found.monotone
    assert found.readings[0] == pytest.approx(0.0, abs=1e-6)
    assert found.readings[1:] == pytest.approx(GAINS[1:], rel=0.2)
    assert found.peak > 0.4


def test_the_output_does_not_enter(found, laboratory):
    assert calibrate(laboratory.moving(gain=0.5, lag=2.0)) == found
    assert calibrate(laboratory.sample(laboratory.still())) == found


def test_without_a_truth_the_recorded_clip_is_calibrated(found, laboratory):
    sample = laboratory.moving()
    recorded = replace(sample, truth=None, output=sample.driving, onset_landmarks=sample.landmarks)
    curve = calibrate(replace(recorded, known_reference_flows=None))
    assert curve.monotone
    assert curve != found


def test_the_picture_is_moved_by_the_field():
    rows, columns = np.mgrid[:64, :64].astype(np.float32)
    image = np.repeat((128 + 60 * np.sin(columns / 4.0) * np.cos(rows / 5.0))[..., None], 3, axis=2).astype(np.uint8)
    bump = 3.0 * np.exp(-((columns - 32) ** 2 + (rows - 30) ** 2) / 128.0)
    field = np.stack((bump, 0.5 * bump), axis=-1)
    shown = moved(image, field)
    y, x = 30, 32
    to_x, to_y = x + field[y, x, 0], y + field[y, x, 1]
    expected = 128 + 60 * np.sin(x / 4.0) * np.cos(y / 5.0)
    left, top = int(to_x), int(to_y)
    near = shown[top : top + 2, left : left + 2, 0].astype(float)
    across = near[:, 0] + (to_x - left) * (near[:, 1] - near[:, 0])
    assert across[0] + (to_y - top) * (across[1] - across[0]) == pytest.approx(expected, abs=2.0)
    assert np.array_equal(moved(image, np.zeros_like(field)), image)


def test_readings_turn_back_into_gains():
    curve = Calibration("dis-fine", GAINS, (0.0, 0.2, 0.4, 0.9, 1.8), 1.0)
    assert curve.corrected(curve.readings) == pytest.approx(GAINS)
    assert curve.corrected([0.65, 2.7]) == pytest.approx([0.75, 3.0])
    with pytest.raises(Unavailable, match="does not grow"):
        Calibration("dis-fine", GAINS, (0.0, 0.3, 0.2, 0.9, 1.8), 1.0).corrected(0.1)


def test_a_row_keeps_it(found, laboratory):
    record = calibration(laboratory.moving())
    assert record == {
        "estimator": "dis-fine",
        "gains": list(GAINS),
        "readings": [round(reading, 6) for reading in found.readings],
        "peak_px": round(found.peak, 6),
    }


def test_no_expression_no_calibration(laboratory):
    sample = laboratory.sample(laboratory.still())
    still = replace(sample, truth=None, driving=laboratory.still(), same_identity=True, known_reference_flows=None)
    assert calibration(replace(still, onset_landmarks=sample.landmarks)) is None
