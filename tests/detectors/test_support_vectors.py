"""Support vector machines against the definition of their problem, and LBP-TOP against a slow reading of its text."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize

from mebench.detectors.lbp_top import BINS, codes, histograms
from mebench.detectors.support_vectors import kernel_matrix, scale_gamma, train


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly"])
@pytest.mark.parametrize("cost", [0.5, 28.0])
def test_the_dual_problem_is_solved(kernel, cost):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(24, 3)).astype(np.float32)
    present = x[:, 0] + 0.7 * rng.normal(size=24) > 0
    gram = kernel_matrix(x, x, kernel, scale_gamma(x))
    sign = np.where(present, 1.0, -1.0)
    coefficients, bias = train(gram, present, cost)
    alpha = coefficients * sign
    assert alpha.min() >= -1e-12
    assert alpha.max() <= cost + 1e-12
    assert coefficients.sum() == pytest.approx(0.0, abs=1e-9)

    signed = gram * np.outer(sign, sign)
    reference = minimize(
        lambda a: 0.5 * a @ signed @ a - a.sum(),
        np.full(24, cost / 2),
        jac=lambda a: signed @ a - 1.0,
        bounds=[(0, cost)] * 24,
        constraints=LinearConstraint(sign, 0, 0),
        method="SLSQP",
        options={"maxiter": 2000, "ftol": 1e-12},
    )
    ours = 0.5 * alpha @ signed @ alpha - alpha.sum()
    assert ours == pytest.approx(reference.fun, rel=2e-3, abs=1e-3)
    margin = sign * (gram @ coefficients + bias)
    inside = (alpha > 1e-6) & (alpha < cost - 1e-6)
    np.testing.assert_allclose(margin[inside], 1.0, atol=5e-3)


def test_one_class_alone_is_said_everywhere():
    gram = np.eye(4)
    for present, bias in ((np.ones(4, bool), 1.0), (np.zeros(4, bool), -1.0)):
        coefficients, found = train(gram, present, 1.0)
        assert found == bias
        assert not coefficients.any()


def test_lbp_codes_of_one_voxel():
    rng = np.random.default_rng(1)
    volume = rng.random((10, 12, 11))
    t, y, x = 4, 6, 5
    bits = []
    for number in range(8):
        angle = 2 * np.pi * number / 8
        down, across = -3 * np.sin(angle), 3 * np.cos(angle)
        y0, x0 = int(np.floor(y + down + 1e-9)), int(np.floor(x + across + 1e-9))
        fy, fx = y + down - y0, x + across - x0
        value = (
            volume[t, y0, x0] * (1 - fy) * (1 - fx)
            + volume[t, y0 + 1, x0] * fy * (1 - fx)
            + volume[t, y0, x0 + 1] * (1 - fy) * fx
            + volume[t, y0 + 1, x0 + 1] * fy * fx
        )
        bits.append(int(value >= volume[t, y, x]))
    changes = sum(a != b for a, b in zip(bits, bits[1:] + bits[:1], strict=True))
    found = codes(volume, 1, 2)[t - 3, y - 3, x - 3]
    assert (found == BINS - 1) == (changes > 2)


def test_lbp_features():
    rng = np.random.default_rng(2)
    features = histograms(rng.random((10, 64, 64)))
    assert features.shape == (11328,)
    np.testing.assert_allclose(features.reshape(192, BINS).sum(axis=1), 1.0, rtol=1e-5)
    flat = histograms(np.zeros((10, 64, 64)))
    np.testing.assert_allclose(flat.reshape(192, BINS).max(axis=1), 1.0, rtol=1e-6)
