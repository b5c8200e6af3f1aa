"""Faces, mesh and standard crop, on a real photograph."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from mebench.errors import InputError
from mebench.motion.crop import EYE_DISTANCE, EYE_MIDDLE, face_crop
from mebench.motion.face import LEFT_EYE, RIGHT_EYE, find_faces, largest_face
from mebench.motion.landmarks import (
    FACE_OVAL,
    POINTS,
    RIGID,
    eye_centres,
    face_mesh,
    inter_ocular,
    jitter,
    oval_mask,
    track_mesh,
)

LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
"""Points of the mesh on the outer outline of the lips."""

PUPILS = np.array([[203.4, 100.6], [246.6, 103.2]])
"""Pupils of the portrait, read off an enlargement by hand; good to about 1 px."""


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return astronaut()


def turned(image: np.ndarray, degrees: float, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    matrix = cv2.getRotationMatrix2D((225, 128), degrees, scale)
    size = image.shape[1::-1]
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), matrix


def test_detector_finds_the_one_face(portrait: np.ndarray) -> None:
    (face,) = find_faces(portrait)
    assert face.score > 0.85
    assert np.abs(face.points[[RIGHT_EYE, LEFT_EYE]] - PUPILS).max() < 4.5
    left, top, right, bottom = face.box
    assert (160 < left < 190) and (60 < top < 95) and (260 < right < 290) and (160 < bottom < 190)


def test_mesh_sits_on_the_features(portrait: np.ndarray) -> None:
    mesh = face_mesh(portrait)
    assert mesh.points.shape == (POINTS, 2) and mesh.points.dtype == np.float32
    assert mesh.presence > 0.99 and mesh.faces == 1
    assert np.abs(eye_centres(mesh.points) - PUPILS).max() < 2.5
    lips = mesh.points[LIPS_OUTER, :]
    assert portrait[oval_mask(mesh.points, 512, 512)].mean(axis=0).argmax() == 0  # skin is reddish
    assert np.abs(lips.mean(axis=0) - [223.5, 146.0]).max() < 4.0
    assert inter_ocular(mesh.points) == pytest.approx(np.linalg.norm(PUPILS[1] - PUPILS[0]), abs=1.5)


def test_same_picture_same_points(portrait: np.ndarray) -> None:
    assert np.array_equal(face_mesh(portrait).points, face_mesh(portrait.copy()).points)
    assert face_mesh(portrait).points.flags.c_contiguous  # OpenCV's hulls refuse a view with gaps


@pytest.mark.parametrize(("degrees", "limit"), [(-30, 0.8), (15, 0.6), (30, 0.6), (50, 1.6)])
def test_mesh_turns_with_the_head(portrait: np.ndarray, degrees: float, limit: float) -> None:
    image, matrix = turned(portrait, degrees)
    expected = face_mesh(portrait).points @ matrix[:, :2].T + matrix[:, 2]
    assert np.linalg.norm(face_mesh(image).points - expected, axis=1).mean() < limit


@pytest.mark.parametrize(("scale", "limit"), [(0.4, 1.0), (2.0, 0.2)])
def test_mesh_scales_with_the_picture(portrait: np.ndarray, scale: float, limit: float) -> None:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=way)
    actual = (face_mesh(image).points + 0.5) * (portrait.shape[1] / image.shape[1]) - 0.5
    assert np.linalg.norm(actual - face_mesh(portrait).points, axis=1).mean() < limit


def test_index_sets_are_sane(portrait: np.ndarray) -> None:
    points = face_mesh(portrait).points
    for chosen in (RIGID, FACE_OVAL):
        assert len(set(chosen)) == len(chosen)
    mask = oval_mask(points, 512, 512)
    inside = np.rint(points[list(RIGID + LIPS_OUTER)]).astype(int)
    assert mask[inside[:, 1], inside[:, 0]].all()
    area = cv2.contourArea(points[FACE_OVAL, :])
    assert mask.sum() == pytest.approx(area, rel=0.05)  # a simple polygon: a wrong order would cut itself


def test_jitter_is_known_and_too_large_for_micro_motion(
    portrait: np.ndarray, record_property: pytest.RecordProperty
) -> None:
    wander = jitter(portrait, noise=2.0, draws=8)
    record_property("jitter_px", wander)
    print(f"landmark jitter under noise of 2 grey levels: {wander:.3f} px at 43 px between the eyes")  # noqa: T201
    assert 0.02 < wander < 0.15
    assert jitter(portrait, noise=0.0, draws=3) < 1e-4


def test_track_uses_one_cut_and_follows_motion(portrait: np.ndarray) -> None:
    shifted = [
        cv2.warpAffine(portrait, np.float64([[1, 0, d], [0, 1, 0]]), (512, 512), flags=cv2.INTER_CUBIC)
        for d in (0, 0, 2)
    ]
    tracked = track_mesh(np.stack(shifted), 0)
    assert np.array_equal(tracked[0], tracked[1])
    moved = (tracked[2] - tracked[0]).mean(axis=0)
    assert moved[0] == pytest.approx(2.0, abs=0.25) and abs(moved[1]) < 0.4


def test_no_face_names_the_picture(portrait: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"no face was found in wall\.png \(512x212\)"):
        face_mesh(portrait[300:], "wall.png")
    with pytest.raises(InputError, match="no face"):
        largest_face(np.zeros((5, 5, 3), np.uint8))


def test_face_on_its_side_is_refused(portrait: np.ndarray) -> None:
    image, _ = turned(portrait, 90)
    with pytest.raises(InputError, match=r"too extreme or too covered|no face"):
        face_mesh(image)


def test_lost_face_names_the_frame(portrait: np.ndarray) -> None:
    frames = np.stack([portrait, portrait, np.full_like(portrait, 90)])
    with pytest.raises(InputError, match=r"lost in frame 2 of clip\.mp4"):
        track_mesh(frames, 0, "clip.mp4")


# The standard crop


def test_crop_brings_the_eyes_to_their_place(portrait: np.ndarray) -> None:
    image, _ = turned(portrait, 20)
    crop = face_crop(image)
    right, left = eye_centres(crop.points())
    assert left[1] - right[1] == pytest.approx(0.0, abs=0.01)
    assert left[0] - right[0] == pytest.approx(EYE_DISTANCE * 256, abs=0.01)
    assert np.allclose((left + right) / 2, np.array(EYE_MIDDLE) * 256 - 0.5, atol=0.01)
    seen = face_mesh(crop.apply(image)).points  # what the detector sees in the crop agrees with the moved points
    assert np.linalg.norm(seen - crop.points(), axis=1).mean() < 0.8


def test_crop_does_not_depend_on_the_size_of_the_picture(portrait: np.ndarray) -> None:
    big = cv2.resize(portrait, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    small, large = face_crop(portrait).apply(portrait), face_crop(big).apply(big)
    assert np.abs(small.astype(int) - large).mean() < 2.0


def test_shrinking_crop_does_not_alias(portrait: np.ndarray) -> None:
    big = cv2.resize(portrait, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)
    crop = face_crop(big)
    stripes = np.zeros_like(big)
    stripes[:, ::2] = 255
    assert crop.apply(stripes).std() < 8.0  # bare sampling would leave about 100


def test_one_crop_keeps_the_motion_of_a_clip(portrait: np.ndarray) -> None:
    crop = face_crop(portrait)
    frames = np.stack([portrait, np.roll(portrait, 3, axis=1)])
    cut = crop.apply(frames)
    assert cut.shape == (2, 256, 256, 3)
    shift, _ = cv2.phaseCorrelate(*(frame[..., 1].astype(np.float64) for frame in cut))
    assert shift[0] == pytest.approx(3 * crop.scale, abs=0.3)


def test_notes_and_refusals(portrait: np.ndarray) -> None:
    two = np.concatenate([portrait, cv2.resize(portrait, (300, 512))], axis=1)
    assert "two.png shows 2 faces; the largest is used." in face_crop(two, "two.png").notes
    assert any("repeats its edge" in note for note in face_crop(portrait[60:180, 165:280]).notes)
    half = cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA)
    assert any("is enlarged 2.9 times" in note for note in face_crop(half).notes)
    with pytest.raises(InputError, match="too small: 10 pixels"):
        face_crop(cv2.resize(portrait, (128, 128), interpolation=cv2.INTER_AREA))
    assert face_crop(portrait).notes == ()


def test_networks_load_without_noise() -> None:
    code = (
        "import numpy as np; from mebench.motion.tflite import network; n = network('face-landmarks');"
        "print(n(np.zeros((n.side, n.side, 3), np.float32))[0].size)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1404"
    assert done.stderr == ""
