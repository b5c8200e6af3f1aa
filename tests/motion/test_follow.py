"""Landmarks followed from a reference, and the mesh averaged over several cuts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from mebench.errors import InputError
from mebench.motion.crop import face_crop
from mebench.motion.follow import FARTHEST, follow_points
from mebench.motion.landmarks import face_mesh, track_mesh
from mebench.motion.steady_mesh import CUTS, cuts_around, reference_cut, steady_points


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    image = data.astronaut()
    return cv2.resize(face_crop(image).apply(image), (128, 128), interpolation=cv2.INTER_AREA)


def shifted(image: np.ndarray, x: float, y: float) -> np.ndarray:
    matrix = np.array([[1, 0, x], [0, 1, y]], float)
    return cv2.warpAffine(image, matrix, image.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def inner_points() -> np.ndarray:
    grid = np.linspace(44, 84, 6, dtype=np.float32)
    return np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.2, -0.1), (1.3, 2.2)])
def test_a_shift_is_followed_to_a_part_of_a_pixel(face, x, y):
    moved = follow_points(face, shifted(face, x, y)[None], inner_points())
    assert moved.shape == (1, 36, 2) and moved.dtype == np.float32
    assert np.abs(np.median(moved[0], axis=0) - (x, y)).max() < 0.03
    assert np.linalg.norm(moved[0] - (x, y), axis=-1).mean() < 0.08


def test_lost_points_move_with_the_others(face):
    points = np.concatenate((inner_points(), [[500.0, 500.0]])).astype(np.float32)
    moved = follow_points(face, shifted(face, 0.5, 0.25)[None], points)[0]
    assert np.abs(moved[-1] - (0.5, 0.25)).max() < 0.1
    assert np.abs(moved - np.median(moved, axis=0)).max() <= FARTHEST


def test_frames_are_independent(face):
    frames = np.stack([shifted(face, step, 0.0) for step in (0.0, 0.4, 0.8)])
    together = follow_points(face, frames, inner_points())
    np.testing.assert_array_equal(follow_points(face, frames[2:], inner_points())[0], together[2])


def test_averaged_cuts_lie_on_the_mesh_and_are_steadier(face):
    """Under a shift of the picture the averaged mesh moves more evenly than that of one cut."""
    cut = reference_cut(face, "portrait")
    assert len(cuts_around(cut)) == len(CUTS) and cuts_around(cut)[0] == cut
    frames = np.stack([shifted(face, 0.5 * step, 0.0) for step in range(4)])
    points = steady_points(frames, cut)
    assert np.linalg.norm(points[0] - face_mesh(face).points, axis=-1).mean() < 1.5
    uneven = [
        np.linalg.norm(found[1:] - found[0] - np.median(found[1:] - found[0], axis=1)[:, None], axis=-1).mean()
        for found in (points, track_mesh(frames, 0))
    ]
    assert uneven[0] < uneven[1]


def test_a_lost_face_is_named(face):
    frames = np.stack([face, np.full_like(face, 128)])
    with pytest.raises(InputError, match="the face is lost in frame 1 of the driving clip"):
        steady_points(frames, reference_cut(face, "portrait"), "the driving clip")
