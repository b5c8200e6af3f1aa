"""SSIM worked out in place: the bits of the formula as it is written, because scores follow from them."""

from __future__ import annotations

import numpy as np
import pytest

from mebench.metrics.realism.ssim import C1, C2, WINDOW, _smooth, frame_ssim


def plain_ssim(first, second):
    """Wang et al. 2004, eq. 13, term by term."""
    x, y = first.astype(np.float64), second.astype(np.float64)
    mean_x, mean_y = _smooth(x), _smooth(y)
    variance_x = _smooth(x * x) - mean_x * mean_x
    variance_y = _smooth(y * y) - mean_y * mean_y
    covariance = _smooth(x * y) - mean_x * mean_y
    likeness = ((2.0 * mean_x * mean_y + C1) * (2.0 * covariance + C2)) / (
        (mean_x * mean_x + mean_y * mean_y + C1) * (variance_x + variance_y + C2)
    )
    border = WINDOW // 2
    return float(likeness[border:-border, border:-border].mean())


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("size", [(256, 256), (33, 64), (33, 71), (12, 11)], ids=["256x256", "33x64", "33x71", "12x11"])
def test_ssim_has_the_bits_of_the_plain_form(size, grey):
    draws = np.random.default_rng(size[0])
    first = draws.integers(0, 256, (*size, 3), dtype=np.uint8)
    second = np.clip(first + draws.normal(0.0, 6.0, first.shape), 0, 255).astype(np.uint8)
    if grey:
        first, second = (np.repeat(image[..., :1], 3, axis=2) for image in (first, second))
    before = first.copy(), second.copy()
    assert frame_ssim(first, second) == plain_ssim(first, second)
    assert np.array_equal(first, before[0]) and np.array_equal(second, before[1])
