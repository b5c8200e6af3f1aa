"""Where the face is, as far as motion needs it."""

from __future__ import annotations

import numpy as np
from skimage.data import astronaut

from mebench.motion.region import central_region, face_region, region_from_points


def test_a_photograph_gives_its_face():
    image = np.ascontiguousarray(astronaut()[0:256, 100:356])
    region = face_region(image)
    rows, columns = np.nonzero(region.mask)
    # The face of this portrait lies about (118, 118) and its eyes are some 43 pixels apart.
    assert abs(columns.mean() - 122) < 12 and abs(rows.mean() - 118) < 16
    assert 30 < region.inter_ocular < 55


def test_without_a_face_the_centre_is_taken():
    region = face_region(np.zeros((100, 80, 3), dtype=np.uint8))
    assert np.array_equal(region.mask, central_region(100, 80).mask)
    assert 0.2 < region.mask.mean() < 0.4


def test_weight_is_one_inside_and_fades_out():
    region = central_region(128, 128)
    assert (region.weight[region.mask] == 1).all()
    assert region.weight[0, 0] == 0
    edge = (region.weight > 0) & (region.weight < 1)
    assert edge.any() and not (edge & region.mask).any()


def test_hull_of_points():
    corners = np.array([[10, 20], [40, 20], [40, 60], [10, 60]], dtype=np.float32)
    eyes = np.array([16.0, 30.0]), np.array([34.0, 30.0])
    region = region_from_points(corners, eyes, (80, 50))
    assert region.mask.sum() == 31 * 41 and region.inter_ocular == 18
