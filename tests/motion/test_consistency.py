"""The forward-backward check."""

from __future__ import annotations

import numpy as np

from mebench.motion.consistency import consistent, soft


def constant(x: float, y: float) -> np.ndarray:
    return np.full((32, 32, 2), (x, y), dtype=np.float32)


def test_opposite_flows_agree_inside_the_frame():
    agreed = consistent(constant(3, 0), constant(-3, 0))
    assert agreed[:, :29].all() and not agreed[:, 29:].any()


def test_a_wrong_way_back_is_found_where_it_lies():
    back = constant(-2, 0)
    back[10:14, 12:16] = (4, 4)
    agreed = consistent(constant(2, 0), back)
    assert not agreed[10:14, 10:14].any()
    assert agreed[:8, :28].all()


def test_soft_edges_stay_inside_the_mask():
    mask = np.zeros((32, 32), dtype=bool)
    mask[8:24, 8:24] = True
    weight = soft(mask, 1.5)
    assert weight[16, 16] > 0.99 and weight[:6].max() < 0.05 and weight.max() <= 1.0
