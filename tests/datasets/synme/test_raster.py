"""The z-buffer against a plain one that asks every sample about every triangle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mebench.datasets.synme import raster

SIDE = 24
NOTHING = np.zeros((1, 3, 2), np.float32)
NO_MASK = np.zeros((1, 1), np.uint8)

# Whole and half samples are frequent, so that samples lie on edges and edges are horizontal.
coordinate = st.one_of(
    st.integers(-8, SIDE + 8).map(lambda sample: sample * raster.SUBPIXEL),
    st.integers(-16, 2 * SIDE + 16).map(lambda half: half * raster.SUBPIXEL // 2),
    st.integers(-8 * raster.SUBPIXEL, (SIDE + 8) * raster.SUBPIXEL),
)
corners = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=3)
scenes = st.lists(corners, min_size=1, max_size=6)


def drawn(scene: list[list[tuple[int, int]]], order: list[int], two_sided: bool) -> NDArray[np.int32]:
    points = np.asarray(scene, np.int64).reshape(-1, 2)
    triangles = np.arange(len(points), dtype=np.int32).reshape(-1, 3)
    inverse = np.repeat(1.0 + np.arange(len(scene)), 3).astype(np.float32)  # each flat, the last one nearest
    index, depth = raster.blank(SIDE, SIDE)
    raster.fill(
        points, inverse, triangles, np.asarray(order, np.int32), two_sided, NOTHING, NO_MASK, False, index, depth
    )
    return index


def plain(scene: list[list[tuple[int, int]]], two_sided: bool) -> NDArray[np.int32]:
    index = np.full((SIDE, SIDE), raster.EMPTY, np.int32)
    for number, ((ax, ay), (bx, by), (cx, cy)) in enumerate(scene):
        area = (cx - ax) * (by - ay) - (cy - ay) * (bx - ax)
        if area == 0 or (area < 0 and not two_sided):
            continue
        sign = 1 if area > 0 else -1
        for y in range(SIDE):
            for x in range(SIDE):
                px, py = x * raster.SUBPIXEL, y * raster.SUBPIXEL
                edges = (
                    (cx - bx) * (by - py) - (cy - by) * (bx - px),
                    (ax - cx) * (cy - py) - (ay - cy) * (cx - px),
                    (bx - ax) * (ay - py) - (by - ay) * (ax - px),
                )
                if all(sign * edge >= 0 for edge in edges):
                    index[y, x] = number
    return index


@given(scene=scenes, two_sided=st.booleans(), data=st.data())
@settings(max_examples=120, deadline=None)
def test_every_sample_shows_the_nearest_triangle_that_holds_it(
    scene: list[list[tuple[int, int]]], two_sided: bool, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(scene))))
    np.testing.assert_array_equal(drawn(scene, order, two_sided), plain(scene, two_sided))


@pytest.mark.parametrize("side", [-1, 1])
def test_an_edge_that_misses_a_sample_by_a_billionth(side: int) -> None:
    """The edge passes sample (10, 5) at less than a unit's 100,003rd part; the triangle lies on the other side of it."""
    rise, top = 100_003, -1234
    run = side * pow(5 * raster.SUBPIXEL - top, -1, rise)
    ax = 10 * raster.SUBPIXEL - (run * (5 * raster.SUBPIXEL - top) - side) // rise
    tip = (10 + 8 * side) * raster.SUBPIXEL
    scene = [[(ax, top), (ax + run, top + rise), (tip, 3 * raster.SUBPIXEL)]]
    expected = plain(scene, two_sided=True)
    assert expected[5, 10] == raster.EMPTY
    assert expected[5, 10 + side] == 0
    np.testing.assert_array_equal(drawn(scene, [0], two_sided=True), expected)


def test_two_triangles_of_a_square_leave_no_crack() -> None:
    corner, far = -3 * raster.SUBPIXEL + 5, (SIDE + 3) * raster.SUBPIXEL - 7
    square = [(corner, corner), (far, corner), (far, far), (corner, far)]
    scene = [[square[0], square[2], square[1]], [square[0], square[3], square[2]]]
    assert (drawn(scene, [0, 1], two_sided=True) >= 0).all()


@pytest.mark.parametrize("shape", [(16, 16), (37, 53), (5, 200)])
def test_farthest_depth_of_each_square(shape: tuple[int, int]) -> None:
    depth = np.random.default_rng(0).random(shape).astype(np.float32)
    found = raster._farthest(depth)
    for row, column in np.ndindex(*found.shape):
        block = np.s_[
            row * raster.BLOCK : (row + 1) * raster.BLOCK, column * raster.BLOCK : (column + 1) * raster.BLOCK
        ]
        assert found[row, column] == depth[block].min()
    assert found.shape == tuple(-(-side // raster.BLOCK) for side in shape)
