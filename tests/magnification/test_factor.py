"""How much to magnify, and how much was magnified."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bumps import clip, face, field, image, warped

from mebench.errors import InputError
from mebench.magnification.factor import (
    ALREADY_ORDINARY,
    LARGEST_FACTOR,
    TARGET,
    automatic_factor,
    expression_size,
    factor_for,
    measured_gain,
)
from mebench.magnification.flow_blend import FlowBlend
from mebench.magnification.flowmag_lite import load
from mebench.magnification.warp import FlowWarp
from mebench.motion.align import Affine, fit_affine
from mebench.motion.region import face_region

HEAD = Affine(np.array([[0.002, -0.004, 0.6], [0.004, 0.002, -0.9]])).field(256, 256)


def noisy(frame: np.ndarray, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 2 / 255, frame.shape)
    return np.clip(frame + noise, 0, 1).astype(np.float32)


def mouth(amplitude: float) -> np.ndarray:
    """One bump at the lips: too small to pass for head motion."""
    y, x = np.mgrid[0:256, 0:256].astype(np.float32)
    bump = np.exp(-((x - 125) ** 2 / (2 * 20**2) + (y - 185) ** 2 / (2 * 10**2)))
    return (bump[..., None] * [0.6, -0.8] * amplitude).astype(np.float32)


def true_size(motion: np.ndarray) -> float:
    region = face_region(image(clip(face())[0]))
    left = motion - fit_affine(motion, region.mask).field(256, 256)
    return float(np.percentile(np.hypot(*left[region.mask].T), 95)) / region.inter_ocular


@pytest.mark.parametrize("amplitude", [1.0, 4.0])
def test_size_is_that_of_the_field(amplitude):
    motion = mouth(amplitude)
    size = expression_size(clip(face(), warped(face(), motion)), 0, 1)
    assert size == pytest.approx(true_size(motion), rel=0.2)


def test_head_motion_does_not_count():
    still = expression_size(clip(face(), warped(face(), mouth(2.0))), 0, 1)
    with_head = expression_size(clip(face(), warped(face(), mouth(2.0) + HEAD)), 0, 1)
    assert with_head == pytest.approx(still, rel=0.15)
    assert expression_size(clip(face(), warped(face(), HEAD)), 0, 1) < 0.1 * still


def test_averaging_neighbours_takes_noise_out():
    """Pure noise, no motion: eight frames between onset and apex allow averaging, adjacent frames do not."""
    frames = clip(*(noisy(face(), seed) for seed in range(12)))
    averaged, single = expression_size(frames, 2, 10), expression_size(frames[[2, 10]], 0, 1)
    assert averaged < 0.8 * single
    # Noise of two grey levels alone never looks like a third of an ordinary expression.
    assert averaged < TARGET / 3


def test_factor_brings_the_expression_to_the_target():
    motion = mouth(1.5)
    factor = automatic_factor(clip(face(), warped(face(), motion)), 0, 1)
    assert 1 < factor < LARGEST_FACTOR
    enlarged = expression_size(clip(face(), warped(face(), factor * motion)), 0, 1)
    assert enlarged == pytest.approx(TARGET, rel=0.3)


def test_factor_stays_in_its_range():
    large = clip(face(), warped(face(), mouth(12.0)))
    assert automatic_factor(large, 0, 1, target=0.005) == 1.0
    assert automatic_factor(clip(face(), face()), 0, 1) == LARGEST_FACTOR
    assert automatic_factor(clip(face(), face()), 0, 1, largest=5.0) == 5.0


def test_an_expression_of_ordinary_size_is_not_magnified():
    """The 10th percentile of ordinary expressions is where magnification ends."""
    assert factor_for(ALREADY_ORDINARY) == factor_for(TARGET) == factor_for(3 * TARGET) == 1.0
    assert factor_for(0.99 * ALREADY_ORDINARY) == pytest.approx(TARGET / (0.99 * ALREADY_ORDINARY))
    assert factor_for(0.0) == LARGEST_FACTOR and factor_for(TARGET / 4) == pytest.approx(4.0)
    assert automatic_factor(clip(face(), warped(face(), mouth(8.0))), 0, 1) == 1.0


def test_smaller_expressions_ask_for_larger_factors():
    sizes = [0.5, 1.0, 2.0, 4.0]
    factors = [automatic_factor(clip(face(), warped(face(), mouth(size))), 0, 1) for size in sizes]
    assert factors == sorted(factors, reverse=True) and factors[0] > 1.5 * factors[-1]


def test_onset_and_apex_must_be_two_frames():
    frames = clip(face(), face())
    for onset, apex in ((0, 0), (0, 2), (-1, 1)):
        with pytest.raises(InputError, match="two frames of the clip"):
            expression_size(frames, onset, apex)


@pytest.mark.parametrize("gain", [1.0, 2.0, 4.0, 0.5])
def test_gain_of_an_exact_magnification(gain):
    motion = mouth(2.0)
    original = clip(face(), warped(face(), motion + HEAD))
    magnified = clip(face(), warped(face(), gain * motion + HEAD))
    assert measured_gain(original, magnified, 0, 1) == pytest.approx(gain, rel=0.12)


def noisy_clip(amplitude: float, gain: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Twelve noisy frames with their apex at 8, onset at 2; and the same, its expression multiplied, with its noise."""
    curve = [0, 0, 0, 0.2, 0.5, 0.8, 0.95, 0.98, 1, 0.98, 0.95, 0.8]
    motion = mouth(amplitude)
    original = clip(*(noisy(warped(face(), share * motion), seed) for seed, share in enumerate(curve)))
    noise = original[8] - clip(warped(face(), motion))[0]
    magnified = original.clone()
    magnified[8] = (clip(warped(face(), gain * motion))[0] + noise).clamp(0, 1)
    return original, magnified


def test_noise_does_not_shrink_the_gain():
    original, magnified = noisy_clip(1.5, 4.0)
    with_neighbours = measured_gain(original, magnified, 2, 8)
    plain = measured_gain(original[[2, 8]], magnified[[2, 8]], 0, 1)
    assert with_neighbours == pytest.approx(4.0, rel=0.2)
    assert plain < with_neighbours


def test_where_noise_hides_the_expression_the_nominal_factor_is_given_back():
    original, magnified = noisy_clip(0.0, 1.0)
    assert measured_gain(original, magnified, 2, 8, expected=7.0) == 7.0


def test_gain_of_a_still_clip_is_one():
    assert measured_gain(clip(face(), face()), clip(face(), face()), 0, 1) == 1.0


def test_gains_are_ordered_like_the_factors():
    original = clip(face(), warped(face(), field(1, 1.5)))
    for magnifier, factors in ((FlowWarp(), (1.0, 2.0, 4.0, 8.0)), (FlowBlend(), (0.125, 0.25, 0.5, 1.0))):
        gains = [measured_gain(original, magnifier.magnify(original, factor, 0), 0, 1) for factor in factors]
        assert gains == sorted(gains) and gains[-1] > 2 * gains[0]
        assert all(gain == pytest.approx(factor, rel=0.4) for gain, factor in zip(gains, factors, strict=True))


def test_the_shipped_magnifier_enlarges_a_smile():
    original = clip(face(), warped(face(), mouth(1.5)))
    gains = [measured_gain(original, load().magnify(original, factor, 0), 0, 1) for factor in (1.0, 2.0, 4.0)]
    assert gains == sorted(gains) and gains[-1] > 1.5
    assert torch.equal(load().magnify(original, 1.0, 0), original)
