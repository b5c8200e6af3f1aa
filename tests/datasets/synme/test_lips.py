"""The mouth of a neutral face is closed, and nothing but the lips is touched by closing it."""

from __future__ import annotations

import numpy as np
import pytest

from mebench.datasets.synme.identity import identity
from mebench.datasets.synme.kit import load_kit
from mebench.datasets.synme.lips import _lips, close_lips

KIT = load_kit()
UPPER, LOWER = _lips(KIT)


def widest_gap(shape: np.ndarray) -> float:
    """Largest opening in the middle three quarters of the mouth, dm."""
    upper_x, upper_y = UPPER.edge(shape, upper=True)
    lower_x, lower_y = LOWER.edge(shape, upper=False)
    middle = np.abs(upper_x - upper_x.mean()) < 0.375 * np.ptp(upper_x)
    return float((upper_y - np.interp(upper_x, lower_x, lower_y))[middle].max())


@pytest.mark.parametrize("domain", "abcdef")
def test_neutral_lips_touch(domain: str):
    for index in range(4):
        assert widest_gap(identity(domain, "train", index).rest().astype(float)) < 0.004  # a third of a pixel


def test_an_open_mouth_is_closed_by_moving_lips_only():
    shape = KIT.vertices.astype(np.float64)
    shape[UPPER.ids, 1] += 0.01
    assert widest_gap(shape) > 0.01
    closed = close_lips(shape, KIT)
    assert widest_gap(closed) < 0.004
    moved = np.linalg.norm(closed - shape, axis=1)
    others = np.setdiff1d(np.arange(len(shape)), np.union1d(UPPER.ids, LOWER.ids))
    assert moved.max() < 0.02 and not moved[others].any()
    assert np.abs(closed[KIT.mirror] * [-1, 1, 1] - closed).max() < 1e-9


def test_closed_lips_stay_as_they_are():
    shape = KIT.vertices.astype(np.float64)
    shape[UPPER.ids, 1] -= 0.03
    assert np.array_equal(close_lips(shape, KIT), shape)
