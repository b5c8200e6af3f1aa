"""Head motion: the affine part of a flow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mebench.errors import InputError
from mebench.motion.align import Affine, fit_affine

SIDE = 64
MASK = np.ones((SIDE, SIDE), dtype=bool)
matrices = arrays(np.float64, (2, 3), elements=st.floats(-0.05, 0.05)).map(lambda m: m * [1.0, 1.0, 60.0])


@given(matrix=matrices)
@settings(max_examples=25, deadline=None)
def test_an_affine_flow_is_found_exactly(matrix):
    flow = Affine(matrix).field(SIDE, SIDE)
    assert np.abs(fit_affine(flow, MASK).field(SIDE, SIDE) - flow).max() < 1e-3


@given(matrix=matrices)
@settings(max_examples=25, deadline=None)
def test_inverse_leads_back(matrix):
    affine = Affine(matrix)
    points = np.random.default_rng(0).uniform(0, SIDE, (50, 2)).astype(np.float32)
    there = points + affine.displacement(points)
    assert np.abs(there + affine.inverse().displacement(there) - points).max() < 1e-3


def test_field_and_displacement_agree():
    affine = Affine(np.array([[0.01, -0.02, 1.0], [0.03, 0.004, -2.0]]))
    assert np.allclose(affine.field(8, 9)[5, 7], affine.displacement(np.array([7.0, 5.0], np.float32)), atol=1e-6)


def test_a_moving_brow_does_not_pull_the_head_along():
    head = Affine(np.array([[0.004, -0.002, 0.7], [0.003, 0.001, -0.4]])).field(SIDE, SIDE)
    flow = head.copy()
    flow[10:22, 12:52] += [0.0, -3.0]
    flow += np.random.default_rng(1).normal(0, 0.05, flow.shape).astype(np.float32)
    assert np.abs(fit_affine(flow, MASK).field(SIDE, SIDE) - head).max() < 0.05


def test_only_the_mask_counts_and_holes_are_left_out():
    flow = np.full((SIDE, SIDE, 2), 9.0, dtype=np.float32)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[20:40, 20:40] = True
    flow[mask] = [0.5, -0.25]
    flow[25, 25] = np.nan
    assert np.allclose(fit_affine(flow, mask).field(SIDE, SIDE), [0.5, -0.25], atol=1e-4)


def test_an_empty_mask_is_refused():
    with pytest.raises(InputError, match="fewer than three pixels"):
        fit_affine(np.zeros((SIDE, SIDE, 2), np.float32), ~MASK)
