"""Head motion in its fast form: the bits of the plain one, because scores and clips follow from them."""

from __future__ import annotations

import numpy as np
import pytest

from mebench.motion.align import _ITERATIONS, _MOST_POINTS, _SMALLEST_SCALE, Affine, _median, fit_affine


def plain_fit(flow, mask):
    """Iteratively reweighted least squares as its docstring says it."""
    y, x = np.nonzero(mask & np.isfinite(flow).all(axis=-1))
    step = -(-len(x) // _MOST_POINTS)
    y, x = y[::step], x[::step]
    centre = np.array([x.mean(), y.mean()])
    span = max(float(np.hypot(x - centre[0], y - centre[1]).max()), 1.0)
    design = np.stack(((x - centre[0]) / span, (y - centre[1]) / span, np.ones(len(x))), axis=1)
    target = flow[y, x].astype(np.float64)
    weights = np.ones(len(x))
    for _ in range(_ITERATIONS + 1):
        weighted = design * weights[:, None]
        solution = np.linalg.lstsq(weighted.T @ design, weighted.T @ target, rcond=None)[0]
        length = np.hypot(*(target - design @ solution).T)
        weights = (1.0 + (length / max(float(np.median(length)), _SMALLEST_SCALE)) ** 2) ** -2
    linear = solution[:2].T / span
    return np.column_stack((linear, solution[2] - linear @ centre))


def plain_field(matrix, height, width):
    x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    rows = matrix[:, 1] * y[:, None] + matrix[:, 2]
    return np.asarray(rows[:, None, :] + x[None, :, None] * matrix[:, 0], dtype=np.float32)


@pytest.mark.parametrize("side", [16, 65, 256])
def test_fit_and_field_have_the_bits_of_the_plain_form(side):
    draws = np.random.default_rng(side)
    flow = draws.normal(size=(side, side, 2)).astype(np.float32)
    flow[side // 3, side // 2] = np.nan
    mask = draws.random((side, side)) < 0.6
    mask[0, 0] = not mask[0, 0]
    fitted = fit_affine(flow, mask).matrix
    assert fitted.tobytes() == plain_fit(flow, mask).tobytes()
    assert Affine(fitted).field(side, side + 3).tobytes() == plain_field(fitted, side, side + 3).tobytes()


def test_frames_of_one_mask_and_frames_with_gaps_are_fitted_alike():
    draws = np.random.default_rng(5)
    mask = draws.random((200, 190)) < 0.9  # more pixels than a fit uses
    for gaps in (0, 0, 40):
        flow = draws.normal(size=(200, 190, 2)).astype(np.float32)
        flow[:gaps, :gaps] = np.inf
        for given in (flow, np.asfortranarray(flow)):
            assert fit_affine(given, mask).matrix.tobytes() == plain_fit(flow, mask).tobytes()


@pytest.mark.parametrize("count", [1, 2, 3, 100, 101])
def test_median_has_the_bits_of_numpy(count):
    values = np.random.default_rng(count).exponential(size=count)
    assert _median(values) == float(np.median(values))
