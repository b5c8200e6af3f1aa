"""Landmark drawings: the two layouts, whole-pixel and sub-pixel lines, boxes, and motion carried over to a source."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mebench.backbones.metaportrait.carried import carried_field
from mebench.backbones.metaportrait.drawing import draw, layout
from mebench.backbones.metaportrait.landmarks import EYE_CORNERS, MOUTH, boxes, selected
from mebench.backbones.metaportrait.transfer import relative, turned
from mebench.errors import InputError


def spread(count: int, seed: int = 0) -> np.ndarray:
    return (0.2 + 0.6 * np.random.default_rng(seed).random((count, 2))).astype(np.float32)


@pytest.mark.parametrize(("name", "points", "edges"), [("dense-669", 669, 616), ("mesh-468", 468, 252)])
def test_layouts(name, points, edges):
    table = layout(name)
    assert table.points == points and table.edges.shape == (edges, 2) and table.colours.shape == (edges, 3)
    assert table.edges.min() >= 0 and table.edges.max() < points
    assert (table.edges[:, 0] != table.edges[:, 1]).all()
    assert len({tuple(sorted(edge)) for edge in table.edges.tolist()}) == edges
    assert len({tuple(colour) for colour in table.colours.tolist()}) == edges
    assert (table.colours.max(1) > 50).all()


def test_whole_pixel_lines_miss_small_motion_and_sub_pixel_lines_do_not():
    """A quarter of a pixel from here moves no point to another pixel; sub-pixel lines move by what the points moved."""
    table, size = layout("mesh-468"), 256
    points = (np.floor(spread(468) * size) + 0.2).astype(np.float32) / size
    moved = points + np.float32(0.25 / size)
    assert np.array_equal(draw(points, table, size, subpixel=False), draw(moved, table, size, subpixel=False))
    first, second = (draw(p, table, size, subpixel=True).astype(float) for p in (points, moved))
    grid = np.arange(size)
    shift = [(image.sum((0, 2)) * grid).sum() / image.sum() for image in (first, second)]
    assert shift[1] - shift[0] == pytest.approx(0.25, abs=0.05)


def test_both_conventions_agree_at_pixel_centres():
    points = (np.floor(spread(468, 1) * 64) + 0.5).astype(np.float32) / 64
    table = layout("mesh-468")
    np.testing.assert_array_equal(draw(points, table, 64, subpixel=False), draw(points, table, 64, subpixel=True))


def test_landmarks_outside_are_cut_off():
    points = spread(468)
    points[10] = (1e9, -1e9)
    points[338] = (-3.0, 0.5)
    for subpixel in (False, True):
        assert draw(points, layout("mesh-468"), 64, subpixel=subpixel).shape == (3, 64, 64)
    far = np.full((669, 2), 5.0, np.float32)
    assert not draw(far, layout("dense-669"), 64, subpixel=False).any()


def test_boxes_are_clipped_at_the_image():
    points = np.zeros((58, 2), np.float32)
    left, right, top, bottom = MOUTH
    points[left, 0], points[right, 0], points[top, 1], points[bottom, 1] = -0.5, 0.5, 0.9, 1.4
    mouth = boxes(points, 64, 64).mouth
    assert mouth[:, 11:54].sum() == mouth.sum() == (64 - 55) * 43
    points[[top, bottom], 1] = -3.0
    assert boxes(points, 64, 64).mouth.sum() == 0


def test_selected_landmarks_are_centred():
    points = np.full((2, 669, 2), 0.5, np.float32)
    assert selected(points).shape == (2, 58, 2) and not selected(points).any()


def test_relative_motion_is_turned_and_scaled():
    """The source is the driver turned by 90 degrees and twice as large: so is its motion."""
    reference = spread(669, 2)
    turn = np.array([[0.0, 2.0], [-2.0, 0.0]], np.float32)
    source = reference @ turn + 0.1
    driving = reference + 0.05 * spread(669, 3)
    found = relative(source, driving[None], reference, EYE_CORNERS)[0]
    np.testing.assert_allclose(found, driving @ turn + 0.1, atol=1e-5)
    np.testing.assert_array_equal(relative(source, reference[None], reference, EYE_CORNERS)[0], source)


def test_coinciding_eyes_are_refused():
    with pytest.raises(InputError, match="two eyes of the reference frame"):
        turned(np.zeros((1, 669, 2), np.float32), spread(669), np.zeros((669, 2), np.float32), EYE_CORNERS)


def test_carried_field_is_the_landmarks_own_motion():
    """A constant displacement is carried unchanged where landmarks lie, and fades to nothing away from them."""
    driving = torch.rand(2, 468, 2, generator=torch.Generator().manual_seed(0)) * 60 + 30
    shift = torch.tensor([1.5, -0.25])
    field, cover = carried_field(driving + shift, driving, 128, 32)
    assert field.shape == (2, 2, 32, 32) and cover.shape == (2, 1, 32, 32)
    inside = cover[:, 0] > 0.2
    assert inside.sum() > 200
    torch.testing.assert_close(field.movedim(1, -1)[inside], shift.expand(int(inside.sum()), 2), atol=0.01, rtol=0)
    assert field[:, :, 0, 0].abs().max() < 1e-3
    still, _ = carried_field(driving, driving, 128, 32)
    assert not still.any()
