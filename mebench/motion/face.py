"""Faces found in pictures, by the two BlazeFace detectors.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", arXiv 1907.05047. Both networks
are single-shot detectors: each cell of a grid holds anchors, and for each anchor the network gives a logit, a box and
six key points relative to the anchor's centre, in pixels of its input.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.motion.tflite import network

RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_EAR, LEFT_EAR = range(6)
"""Order of the key points; right and left are the subject's, so the right eye is on the left of the picture."""

_ANCHORS = {"face-detection-short-range": ((8, 2), (16, 6)), "face-detection-full-range": ((4, 1),)}
"""For each detector: (stride in input pixels, anchors in each cell), from fine to coarse."""

LOWEST_SCORE = 0.5
"""Faces with a lower probability are dropped, as in MediaPipe."""

_SAME_FACE = 0.3
"""Boxes that overlap by more (intersection over union) are one face; they are averaged by score, as in the paper."""

_MARGINS = (0.0, 0.5)
"""Border, in parts of the longer side, with which a picture is searched: none, then one for faces that fill it."""


@dataclass(frozen=True)
class FaceBox:
    """A face. box: (left, top, right, bottom) in pixels. points: float32 ``[6,2]``, x then y. score: 0.5 to 1."""

    box: tuple[float, float, float, float]
    points: NDArray[np.float32]
    score: float

    @property
    def side(self) -> float:
        """Geometric mean of width and height, pixels."""
        left, top, right, bottom = self.box
        return float(np.sqrt(max(right - left, 0.0) * max(bottom - top, 0.0)))

    @property
    def eye_distance(self) -> float:
        """Distance of the two eye points, pixels."""
        return float(np.linalg.norm(self.points[LEFT_EYE] - self.points[RIGHT_EYE]))


def find_faces(image: Pixels) -> list[FaceBox]:
    """All faces in a picture uint8 ``[H,W,3]`` RGB of any size, the largest first; empty when there is none.

    Both detectors look at the picture as it is; when they find nothing, again with a border around it.
    """
    for margin in _MARGINS:
        found = [face for name in _ANCHORS for face in _detect(image, name, margin)]
        if found:
            return sorted(_merge(found), key=lambda face: -face.side)
    return []


def largest_face(image: Pixels, name: str = "the picture") -> tuple[FaceBox, int]:
    """The largest face and how many there are. :class:`InputError` names the picture (``name``) when there is none."""
    faces = find_faces(image)
    if not faces:
        height, width = image.shape[:2]
        raise InputError(
            f"no face was found in {name} ({width}x{height}); give a picture with one upright face that fills at "
            "least a tenth of it."
        )
    return faces[0], len(faces)


@cache
def _anchors(name: str, side: int) -> NDArray[np.float32]:
    """Anchor centres ``[N,2]``, x then y, in input pixels: row by row, a cell's anchors together, fine grid first."""
    centres = []
    for stride, repeats in _ANCHORS[name]:
        cells = (np.arange(side // stride, dtype=np.float32) + 0.5) * stride
        y, x = np.meshgrid(cells, cells, indexing="ij")
        centres.append(np.repeat(np.stack((x, y), axis=-1).reshape(-1, 2), repeats, axis=0))
    return np.concatenate(centres)


def _detect(image: Pixels, name: str, margin: float) -> list[FaceBox]:
    """Faces of one detector in pixels of ``image``. The picture is fitted into the square input without distortion."""
    net = network(name)
    height, width = image.shape[:2]
    scale = net.side / (max(height, width) * (1.0 + 2.0 * margin))
    # Pixel centres at integers: the centre of the picture goes to the centre of the input.
    shift = (net.side - 1) / 2.0 - scale * (np.array([width, height]) - 1) / 2.0
    fitted = fit(image, np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]]), net.side)
    raw, logits = net(fitted / np.float32(127.5) - np.float32(1.0))
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits[0, :, 0].astype(np.float64), -100.0, 100.0)))
    kept = np.flatnonzero(scores >= LOWEST_SCORE)
    anchors = _anchors(name, net.side)[kept]
    values = raw[0, kept].reshape(-1, 8, 2)
    centres = values[:, 0] + anchors
    points = (values[:, 2:] + anchors[:, None] - 0.5 - shift) / scale
    low = (centres - values[:, 1] / 2 - 0.5 - shift) / scale
    high = (centres + values[:, 1] / 2 - 0.5 - shift) / scale
    faces = [
        FaceBox((*map(float, a), *map(float, b)), p.astype(np.float32), float(s))  # type: ignore[arg-type]
        for a, b, p, s in zip(low, high, points, scores[kept], strict=True)
    ]
    return _merge(faces)


def fit(image: Pixels, matrix: NDArray[np.float64], side: int) -> NDArray[np.float32]:
    """``out(q) = image(p)`` with ``q = matrix p``, float32 ``[side,side,3]`` in 0..255, black outside the picture.

    matrix: a similarity ``[2,3]`` on pixel coordinates. Pictures that shrink are low-passed first, so nothing aliases.
    """
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    smooth = image
    if scale < 1.0:
        # A Gaussian of this width brings a Nyquist-limited picture to the new rate (0.5 px of the target, less 0.5 px).
        sigma = 0.5 * float(np.sqrt(1.0 / scale**2 - 1.0))
        smooth = cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.1 else image
    out = cv2.warpAffine(smooth, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(out, dtype=np.float32)


def _merge(faces: list[FaceBox]) -> list[FaceBox]:
    """Blended suppression: overlapping boxes become one, their coordinates averaged by score."""
    rest = sorted(faces, key=lambda face: -face.score)
    merged = []
    while rest:
        best = rest[0]
        same = [face for face in rest if face is best or _overlap(best, face) > _SAME_FACE]
        rest = [face for face in rest if not any(face is other for other in same)]
        weights = np.array([face.score for face in same])
        weights /= weights.sum()
        box = np.einsum("n,nj->j", weights, np.array([face.box for face in same]))
        points = np.einsum("n,nij->ij", weights, np.stack([face.points for face in same]).astype(np.float64))
        merged.append(FaceBox(tuple(map(float, box)), points.astype(np.float32), best.score))  # type: ignore[arg-type]
    return merged


def _overlap(one: FaceBox, other: FaceBox) -> float:
    """Intersection over union."""
    width = min(one.box[2], other.box[2]) - max(one.box[0], other.box[0])
    height = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / max(one.side**2 + other.side**2 - shared, 1e-9)
