"""Two people on a mean face: the kept shape, how motion is carried, and gains that are known."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from moving_face import portrait
from test_cross_identity import crossed

from mebench.errors import Unavailable
from mebench.metrics.motion.gain_error_mean_shape import METRIC as GAIN_ERROR
from mebench.metrics.motion.gain_mean_shape import METRIC as GAIN
from mebench.metrics.motion.mean_shape import project_on_mean_face
from mebench.metrics.motion.profile_mean_shape import METRIC as PROFILE
from mebench.motion.landmarks import IBUG68, eye_centres, face_mesh
from mebench.motion.mean_face import INTER_OCULAR, OnMeanFace, mean_face, turning
from mebench.motion.similarity import similarity


def test_the_mean_face_is_level_and_one_inter_ocular_distance_wide():
    right, left = eye_centres(mean_face())
    assert right == pytest.approx([-0.5, 0.0], abs=1e-3)
    assert left == pytest.approx([0.5, 0.0], abs=1e-3)
    points = mean_face()[list(IBUG68)]
    assert points[33, 1] > 0.2 and points[57, 1] > points[33, 1]  # the nose below the eyes, the mouth below the nose


def test_a_photographed_face_fits_it():
    points = face_mesh(portrait()).points
    fitted = similarity(points, mean_face()).apply(points)
    assert np.sqrt(np.square(fitted - mean_face()).sum(axis=1).mean()) < 0.15


def test_displacements_are_turned_and_scaled_with_the_face():
    """A face that is half as large and turned by a right angle, whose pixels all move one pixel to its own right."""
    angle = np.pi / 2.0
    turn = 0.5 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (INTER_OCULAR * mean_face() @ turn.T + 128.0).astype(np.float32)
    face = OnMeanFace(points)
    flow = np.zeros((1, 256, 256, 2), dtype=np.float32)
    flow[..., 1] = 1.0
    assert np.allclose(face.turned(face.at_samples(flow)), [2.0, 0.0], atol=1e-4)
    assert face.positions.min() > 0.0 and face.positions.max() < 256.0


def test_the_parallax_of_a_turning_head_is_among_what_is_taken_out():
    basis = turning()
    assert np.allclose(basis.T @ basis, np.eye(8), atol=1e-9)
    nose_first = basis[: len(basis) // 2, 3]  # what depth adds to the plane
    assert np.ptp(nose_first) > 0.01


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_known_gains_of_a_driver_of_another_size_and_pose(gain, laboratory):
    sample = crossed(laboratory, laboratory.output(gain=gain))
    assert GAIN.score(sample) == pytest.approx(gain, rel=0.15)
    assert GAIN_ERROR.score(sample) == pytest.approx(abs(np.log2(GAIN.score(sample))))
    assert PROFILE.score(sample) > 0.97


def test_the_output_need_not_stand_where_the_source_stood(laboratory):
    """Moved across the picture and turned as a whole: the motion is still found and compared."""
    elsewhere = np.array([[0.9, -0.08, 25.0], [0.08, 0.9, -6.0]])
    output = np.stack([cv2.warpAffine(f, elsewhere, (256, 256), flags=cv2.INTER_CUBIC) for f in laboratory.output()])
    assert GAIN.score(crossed(laboratory, output)) == pytest.approx(1.0, rel=0.15)


def test_an_output_without_a_face_scores_the_worst_and_a_driver_without_one_has_no_number(laboratory):
    sample = crossed(laboratory, np.zeros_like(laboratory.still()))
    assert project_on_mean_face(sample) is None
    assert GAIN_ERROR.score(sample) == GAIN_ERROR.facts.worst
    blind = replace(crossed(laboratory, laboratory.output()), driving=np.zeros_like(laboratory.still()))
    with pytest.raises(Unavailable, match="no landmarks were found in the driving clip"):
        GAIN.score(blind)


def test_a_driver_that_does_not_move_has_no_number(laboratory):
    still = replace(crossed(laboratory, laboratory.output()), driving=laboratory.still())
    with pytest.raises(Unavailable, match="no measurable expression"):
        GAIN.score(still)


def test_the_true_answer_is_not_looked_at(laboratory):
    without = crossed(laboratory, laboratory.output(gain=0.5))
    truth = replace(laboratory.sample(laboratory.still()).truth, face=np.zeros((256, 256), dtype=bool))
    assert GAIN.score(replace(without, truth=truth)) == GAIN.score(without)
