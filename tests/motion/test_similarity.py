"""A similarity is recovered exactly from noise-free points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mebench.errors import InputError
from mebench.motion.similarity import similarity


@given(
    angle=st.floats(-3.0, 3.0),
    scale=st.floats(0.2, 5.0),
    offset=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    seed=st.integers(0, 1000),
)
def test_recovers_the_map(angle: float, scale: float, offset: tuple[float, float], seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(20, 2)) * 30
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    targets = points @ turn.T + np.array(offset)
    found = similarity(points.astype(np.float32), targets.astype(np.float32))
    np.testing.assert_allclose(found.apply(points.astype(np.float32)), targets, atol=2e-2)
    assert found.scale == pytest.approx(scale, rel=1e-3)


def test_coinciding_points_are_refused() -> None:
    with pytest.raises(InputError):
        similarity(np.ones((5, 2), np.float32), np.ones((5, 2), np.float32))
