"""The stack that flow detectors read: scaling, resizing, mirror, and what stretching hides."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bump_clips import bumps

from mebench.detectors.flow_stack import FlowStack, resized, stretched
from mebench.errors import ConfigError
from mebench.motion.strain import STRAIN_VARIANTS, optical_strain


def triangle(signal: np.ndarray, size: int) -> np.ndarray:
    """Antialiased bilinear reduction of the last axis, written from its definition."""
    scale = signal.shape[-1] / size
    reach = max(scale, 1.0)
    out = []
    for place in range(size):
        centre = (place + 0.5) * scale
        weights = np.maximum(0.0, 1.0 - np.abs((np.arange(signal.shape[-1]) + 0.5 - centre) / reach))
        out.append(signal @ (weights / weights.sum()))
    return np.stack(out, axis=-1)


@pytest.mark.parametrize("size", [28, 32, 64, 112])
def test_resize_is_pinned(size):
    stack = np.random.default_rng(0).random((3, 256, 256)).astype(np.float32)
    expected = triangle(triangle(stack.astype(np.float64), size).swapaxes(1, 2), size).swapaxes(1, 2)
    np.testing.assert_allclose(resized(stack, size), expected, atol=1e-5)


def test_resize_keeps_constants_and_range():
    assert np.allclose(resized(np.full((1, 256, 256), 0.25, np.float32), 28), 0.25)
    spike = np.zeros((1, 256, 256), np.float32)
    spike[0, 128, 128] = 1.0
    small = resized(spike, 64)
    assert small.min() >= 0.0
    assert small.max() <= 1.0
    assert small.sum() == pytest.approx(1.0 / 16.0, rel=1e-3)


@pytest.mark.parametrize("strain", [None, "textbook", "reference"])
@pytest.mark.parametrize("scaling", ["range", "fixed"])
@pytest.mark.parametrize("stabilised", [False, True])
def test_mirrored_inputs_are_the_inputs_of_the_mirrored_clip(strain, scaling, stabilised):
    flow = bumps(np.arange(12) % 3 == 0, 1.0, np.random.default_rng(3))
    turned = np.ascontiguousarray(flow[:, ::-1]) * np.array([-1.0, 1.0], np.float32)
    recipe = FlowStack(28, strain=strain, scaling=scaling, stabilised=stabilised)
    (ours,) = recipe.mirrored((torch.from_numpy(recipe.of(flow))[None],))
    expected = recipe.of(turned)
    difference = np.abs(ours[0].numpy() - expected)
    if stabilised:  # an even image has no middle column: the face's ellipse is half a pixel off its mirror image
        assert difference.mean() < 0.005 * np.ptp(expected)
    else:
        assert difference.max() < 1e-4


def test_stretching_hides_amplitude_and_fixed_scale_does_not():
    flow = bumps(np.arange(12) == 2, 1.0, np.random.default_rng(4))
    faint = flow * np.float32(1e-3)
    np.testing.assert_allclose(FlowStack(28).of(faint), FlowStack(28).of(flow), atol=1e-4)
    assert FlowStack(28).of(faint).std() > 0.01
    fixed = FlowStack(28, scaling="fixed", stabilised=True)
    assert np.abs(fixed.of(faint)).max() < 2e-3 * np.abs(fixed.of(flow)).max()


def test_a_still_pair_gives_zeros_not_nan():
    still = np.zeros((256, 256, 2), np.float32)
    for scaling in ("range", "fixed"):
        assert not FlowStack(28, scaling=scaling, stabilised=True).of(still).any()
    assert not stretched(np.full((4, 4), 3.0, np.float32)).any()


def test_head_motion_is_taken_out():
    rng = np.random.default_rng(5)
    expression = bumps(np.arange(12) == 2, 1.0, rng, noise=0.0)
    y, x = np.mgrid[0:256, 0:256].astype(np.float32)
    head = np.stack((0.004 * x - 0.002 * y, 0.003 * x + 0.001 * y - 0.5), axis=-1)
    recipe = FlowStack(64, strain=None, scaling="fixed", stabilised=True)
    difference = np.abs(recipe.of(expression + head) - recipe.of(expression)).max()
    assert difference < 0.02


def test_strain_of_known_motion():
    y, x = np.mgrid[0:32, 0:32].astype(np.float32)
    stretch = np.stack((0.02 * x, np.zeros_like(x)), axis=-1)
    turn = np.stack((-0.01 * y, 0.01 * x), axis=-1)
    inner = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(optical_strain(stretch, "central")[inner], 0.02, rtol=1e-4)
    np.testing.assert_allclose(optical_strain(stretch, "textbook")[inner], 8 * 0.02, rtol=1e-4)
    np.testing.assert_allclose(optical_strain(turn, "central")[inner], 0.0, atol=1e-6)
    assert (optical_strain(turn, "reference")[inner] > 0.05).all()  # it takes a turn for strain
    assert optical_strain(stretch, "reference")[inner].max() < optical_strain(stretch, "textbook")[inner].min()
    assert set(STRAIN_VARIANTS) == {"textbook", "central", "reference"}
    with pytest.raises(ConfigError, match="no strain 'other'"):
        optical_strain(stretch, "other")
