"""The gain of a backbone, where it can be measured and where it cannot."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mebench.methods.transferred_gain import SMALLEST, weighed_gain

AREA = 5.5
"""Of a face, in squared inter-ocular distances: 20,000 px^2 at 60 px between the eyes."""


def motion(seed: int, size: float) -> np.ndarray:
    """A smooth random field with root mean square ``size`` on a square of the face's area, ``[N,2]``."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.normal(size=(140, 140, 2)), (0, 0), 15)[::4, ::4].reshape(-1, 2)
    return size * field / np.sqrt((field**2).sum(axis=1).mean())


@pytest.mark.parametrize("gain", [0.3, 0.7, 1.2])
def test_a_clear_gain_is_the_projection(gain):
    found = weighed_gain(motion(0, 1.0), gain * motion(0, 1.0) + motion(1, 0.1 * gain), AREA)
    assert found is not None and found.snr > 10
    assert found.gain == pytest.approx(found.projection, rel=0.02) and found.gain == pytest.approx(gain, rel=0.1)


@pytest.mark.parametrize("seed", range(1, 9))
def test_an_output_that_moves_otherwise_counts_by_its_size(seed):
    """Unrelated motion of 0.8 of the driver's size projects to about nothing; it must not be read as 'hardly moves'."""
    found = weighed_gain(motion(0, 1.0), motion(seed, 0.8), AREA)
    assert found is not None and found.ratio == pytest.approx(0.8)
    assert abs(found.projection) < 0.6
    assert found.gain >= found.projection and found.gain > 0.15
    if found.snr < 0.5:
        assert found.gain > 0.45


def test_opposite_motion_counts_by_its_size():
    found = weighed_gain(motion(0, 1.0), -0.5 * motion(0, 1.0), AREA)
    assert found is not None and found.projection == pytest.approx(-0.5) and found.snr == 0.0
    assert found.gain == pytest.approx(0.5)


def test_a_still_output_has_no_gain():
    found = weighed_gain(motion(0, 1.0), np.zeros_like(motion(0, 1.0)), AREA)
    assert found is not None and found.gain == pytest.approx(SMALLEST)


def test_a_still_driver_has_no_answer():
    assert weighed_gain(np.zeros((10, 2)), np.ones((10, 2)), AREA) is None


def test_another_measurement_takes_the_drivers_noise_out():
    """Noise as large as the motion halves the projection; the second measurement brings it back."""
    true = motion(0, 1.0)
    plain, better = [], []
    for seed in range(1, 25, 2):
        noisy, other = true + motion(seed, 1.0), true + motion(seed + 1, 1.0)
        plain.append(weighed_gain(noisy, 0.6 * true, AREA).projection)
        better.append(weighed_gain(noisy, 0.6 * true, AREA, other).projection)
    assert np.median(plain) < 0.4
    assert np.median(better) == pytest.approx(0.6, rel=0.25)
