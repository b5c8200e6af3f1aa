"""The 468-point face mesh: points in image pixels, and what is derived from them.

Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video", arXiv 1907.06724. The network sees an
upright square cut around the face, 1.5 times its size, 192 px wide. Methods use these points on every dataset; the
exact landmarks of the open set are for judging only.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.motion.face import LEFT_EYE, RIGHT_EYE, FaceBox, fit, largest_face
from mebench.motion.tflite import network

POINTS = 468

RIGHT_EYE_CORNERS = (33, 133)
LEFT_EYE_CORNERS = (362, 263)
"""Outer and inner corner of the subject's right eye, inner and outer of the left."""

RIGID = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1)
"""Points that expressions hardly move: the four eye corners and the bridge of the nose down to its tip."""

FACE_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The outline of the face, from the top of the forehead clockwise in the picture."""

IBUG68 = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
)
"""The points of the mesh nearest to the 68 of the iBUG scheme, in its order: jaw, brows, nose, eyes, outer and inner
lips. The jaw follows the outline of the mesh, which lies further back than that of iBUG."""

CUT_SCALE = 1.5
"""Side of the square cut, in sides of the face's box (MediaPipe's face landmark graph)."""

NETWORKS = ("face-landmarks", "face-detection-short-range", "face-detection-full-range")
"""Weight files that :func:`face_mesh` and :func:`track_mesh` read: the second detector where the first sees no face."""

LOWEST_PRESENCE = 0.5
"""Probability of a face in the cut below which the points are refused."""


EYES_AGREE = 0.45
"""Largest difference between the eyes of the detector and of the mesh, in eye distances. On upright faces it is below
0.15; it passes 0.5 when the mesh is laid over something that is no face, or over a face that lies on its side."""


@dataclass(frozen=True)
class Cut:
    """The rotated square that the network sees. centre: x, y in pixels. side: pixels. angle: of the eye line, rad."""

    centre: tuple[float, float]
    side: float
    angle: float

    def matrix(self, size: int) -> NDArray[np.float64]:
        """The similarity ``[2,3]`` from image pixels to a square of ``size`` pixels, pixel centres at integers."""
        scale = size / self.side
        cos, sin = scale * np.cos(self.angle), scale * np.sin(self.angle)
        linear = np.array([[cos, sin], [-sin, cos]])
        shift = (size - 1) / 2.0 - linear @ np.array(self.centre)
        return np.column_stack((linear, shift))


@dataclass(frozen=True)
class FaceMesh:
    """points: float32 ``[468,2]`` in image pixels, x then y, pixel centres at integers. presence: 0 to 1.
    faces: how many faces the picture shows; the points belong to the largest. cut: what the network saw."""

    points: NDArray[np.float32]
    presence: float
    faces: int
    cut: Cut


def face_mesh(image: Pixels, name: str = "the picture") -> FaceMesh:
    """The mesh of the largest face in a picture uint8 ``[H,W,3]`` RGB.

    The cut is taken from the detector's box and once more from the points found in it, which steadies it.
    Raises :class:`InputError`, naming the picture (``name``), when no face is found or the network does not see one.
    """
    box, count = largest_face(image, name)
    points, _ = points_in_cut(image, _cut_of_box(box))
    cut = cut_of_points(points)
    points, presence = points_in_cut(image, cut)
    moved = float(np.abs(eye_centres(points) - box.points[[RIGHT_EYE, LEFT_EYE]]).max())
    if presence < LOWEST_PRESENCE or moved > EYES_AGREE * box.eye_distance:
        raise InputError(
            f"the face in {name} is too extreme or too covered for landmarks (presence {presence:.2f}); give a picture "
            "with the face upright and in full view."
        )
    return FaceMesh(points, presence, count, cut)


def track_mesh(frames: Pixels, reference: int, name: str = "the clip") -> NDArray[np.float32]:
    """The mesh in every frame uint8 ``[T,H,W,3]``, in one cut taken from the reference frame: float32 ``[T,468,2]``.

    One cut for the whole clip keeps its sampling from adding motion. The points are still no ruler for micro-motion:
    at 43 px between the eyes they wander by 0.07 px under noise of 2 grey levels (:func:`jitter`), and a picture that
    is shifted by 0.5 px moves them by 0.45 px along and 0.17 px across, 0.16 px apart from each other. Use flow.
    Raises :class:`InputError` naming the frame in which the face is lost.
    """
    cut = face_mesh(frames[reference], f"frame {reference} of {name}").cut
    tracked = np.empty((len(frames), POINTS, 2), dtype=np.float32)
    for index, frame in enumerate(frames):
        tracked[index], presence = points_in_cut(frame, cut)
        if presence < LOWEST_PRESENCE:
            raise InputError(f"the face is lost in frame {index} of {name}; give a clip with the face in full view.")
    return tracked


def eye_centres(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the two corners of each eye, ``[...,468,2]`` to ``[...,2,2]``: the subject's right eye, then the left."""
    right = points[..., RIGHT_EYE_CORNERS, :].mean(axis=-2)
    left = points[..., LEFT_EYE_CORNERS, :].mean(axis=-2)
    return np.stack((right, left), axis=-2)


def inter_ocular(points: NDArray[np.float32]) -> float:
    """Distance of the eye centres in pixels, of one mesh ``[468,2]``."""
    right, left = eye_centres(points)
    return float(np.linalg.norm(left - right))


def oval_mask(points: NDArray[np.float32], height: int, width: int) -> NDArray[np.bool_]:
    """bool ``[height,width]``: inside the outline of the face."""
    mask = np.zeros((height, width), dtype=np.uint8)
    outline = np.rint(points[FACE_OVAL, :] * 16.0).astype(np.int32)
    cv2.fillPoly(mask, [outline], 1, shift=4)
    return mask.astype(bool)


def jitter(image: Pixels, noise: float = 2.0, draws: int = 16, seed: int = 0) -> float:
    """How far the points wander when nothing moves: root mean square of the displacement in pixels between ``draws``
    copies of one picture with Gaussian noise of standard deviation ``noise`` (grey levels), in one cut."""
    rng = np.random.default_rng(seed)
    noisy = image[None] + rng.normal(0.0, noise, (draws, *image.shape))
    tracked = track_mesh(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), 0)
    return float(np.sqrt(tracked.var(axis=0, ddof=1).sum(axis=-1).mean()))


def cut_of_points(points: NDArray[np.float32]) -> Cut:
    """The cut around a mesh ``[468,2]``: the box of its points, upright along the line of the outer eye corners."""
    along = points[LEFT_EYE_CORNERS[1]] - points[RIGHT_EYE_CORNERS[0]]
    angle = float(np.arctan2(along[1], along[0]))
    cos, sin = np.cos(angle), np.sin(angle)
    turned = points @ np.array([[cos, -sin], [sin, cos]])
    low, high = turned.min(axis=0), turned.max(axis=0)
    middle = (low + high) / 2.0
    centre = (float(cos * middle[0] - sin * middle[1]), float(sin * middle[0] + cos * middle[1]))
    return Cut(centre, CUT_SCALE * float((high - low).max()), angle)


def _cut_of_box(face: FaceBox) -> Cut:
    """MediaPipe's rule: the longer side of the detector's box, upright along the line of the eyes."""
    along = face.points[LEFT_EYE] - face.points[RIGHT_EYE]
    left, top, right, bottom = face.box
    side = CUT_SCALE * max(right - left, bottom - top)
    return Cut(((left + right) / 2.0, (top + bottom) / 2.0), side, float(np.arctan2(along[1], along[0])))


def points_in_cut(image: Pixels, cut: Cut) -> tuple[NDArray[np.float32], float]:
    """The mesh float32 ``[468,2]`` in image pixels that the network sees in one cut, and the presence of a face."""
    points, presence = solid_in_cut(image, cut)
    return np.ascontiguousarray(points[:, :2]), presence  # OpenCV refuses a view with gaps


def solid_in_cut(image: Pixels, cut: Cut) -> tuple[NDArray[np.float32], float]:
    """Like :func:`points_in_cut` with the network's guess of depth: float32 ``[468,3]``, image pixels, nearer is less."""
    net = network("face-landmarks")
    matrix = cut.matrix(net.side)
    coordinates, logit = net(fit(image, matrix, net.side) / np.float32(255.0))
    # The network counts from the left edge of its input; pixel centres are half a pixel further.
    inside = coordinates.reshape(POINTS, 3).astype(np.float64) - [0.5, 0.5, 0.0]
    points = (inside[:, :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    depth = inside[:, 2:] * cut.side / net.side
    presence = 1.0 / (1.0 + np.exp(-float(np.clip(logit.reshape(-1)[0], -60.0, 60.0))))
    return np.hstack((points, depth)).astype(np.float32), presence
