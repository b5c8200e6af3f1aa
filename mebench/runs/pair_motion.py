"""The motion of a user's own pair: where the driver's apex is, and how much of the driver's motion the output shows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import InputError, Unavailable
from mebench.metrics.motion.gate import moves
from mebench.metrics.motion.projection import Projection, project
from mebench.metrics.sample import Sample
from mebench.motion.carry import Correspondence
from mebench.motion.flow import DisFine, Flow, FlowEstimator, flows_from
from mebench.motion.landmarks import IBUG68, eye_centres, face_mesh, inter_ocular, oval_mask
from mebench.runs.page.magnified import expression

Points = NDArray[np.float32]

EYE_RADIUS = 0.38
"""Disc around each eye, in inter-ocular distances, that is left out when the apex is looked for: a blink there is
larger than any micro-expression. Brows lie about 0.4 away."""

_STEADY = 3
"""Frames of the median that takes single-frame flicker out of the intensity before its largest value is looked for."""


class RememberedFlow:
    """An estimator that gives a pair of frames the same flow without computing it twice: several measurements of one
    clip share it."""

    def __init__(self, estimator: FlowEstimator | None = None) -> None:
        self._estimate = estimator or DisFine()
        self.name = self._estimate.name
        self._known: dict[tuple[bytes, bytes], Flow] = {}

    def __call__(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Flow:
        key = (hashlib.sha256(first.tobytes()).digest(), hashlib.sha256(second.tobytes()).digest())
        if key not in self._known:
            self._known[key] = self._estimate(first, second)
        return self._known[key]


@dataclass(frozen=True)
class PairMotion:
    """What was measured. Lengths are in pixels of the crop; the 99th percentile over the face, head motion removed.

    gain: of the output along the driver's motion, over the apex phase; 1 is faithful. profile: correlation of the two
    intensity curves. driver_peak, output_peak: at the apex. inter_ocular: of the output's onset frame. curves:
    intensity along the driver's motion for each of ``frames``. missing: why gain and curves are None; else None.
    """

    gain: float | None
    profile: float | None
    driver_peak: float
    output_peak: float
    inter_ocular: float
    frames: tuple[int, ...]
    driver_curve: tuple[float, ...] | None
    output_curve: tuple[float, ...] | None
    missing: str | None


def find_apex(frames: Pixels, points: Points, onset: int, flow: FlowEstimator) -> int:
    """The frame after the onset in which the expression is largest: root mean square over the face without the eyes.

    frames: uint8 ``[T,S,S,3]``. points: the face mesh ``[468,2]`` on the onset frame. flow: the estimator.
    Raises :class:`InputError` when no frame follows the onset.
    """
    if onset >= len(frames) - 1:
        raise InputError(f"the onset {onset} is the last of {len(frames)} frames; an apex must follow it.")
    face = oval_mask(points, *frames.shape[1:3])
    fields = expression(frames, onset, face, flow)
    size = (fields.shape[2], fields.shape[1])
    seen = cv2.resize((face & ~_eyes(points, face.shape)).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    strength = np.sqrt((fields[:, seen] ** 2).sum(axis=-1).mean(axis=-1))[onset + 1 :]
    half = _STEADY // 2
    padded = np.pad(strength, half, mode="edge")
    steady = np.median(np.stack([padded[i : i + len(strength)] for i in range(_STEADY)]), axis=0)
    return onset + 1 + int(np.argmax(steady))


def measure(
    source: Pixels,
    driving: Pixels,
    output: Pixels,
    faces: tuple[Points, Points],
    times: tuple[float, int, int, int],
    flow: FlowEstimator,
) -> PairMotion:
    """Compare the output's motion with the driver's, carried to the output's face by landmarks.

    source: uint8 ``[S,S,3]``. driving, output: uint8 ``[T,S,S,3]``. faces: the meshes of the source and of the
    driver's onset frame. times: fps, onset, apex, offset. flow: the estimator.
    """
    fps, onset, apex, offset = times
    points = faces[1]
    try:
        own = face_mesh(output[onset]).points
    except InputError:  # a method may lose the face: then the source's place is as good as any
        own = faces[0]
    carry = Correspondence(own, points, output.shape[1:3], driving.shape[1:3])
    carried: Flow = np.stack([carry.displacement(field) for field in flows_from(driving, onset, flow)])
    # The carried motion of the driver plays the part of the reference: same grid, same face as the output.
    sample = Sample(
        source, driving, output, fps, onset, apex, offset,
        same_identity=True, known_reference_flows=carried, onset_landmarks=own[IBUG68, :], estimator=flow,
    )  # fmt: skip
    peaks = (_peak(driving, points, onset, apex, flow), _peak(output, own, onset, apex, flow))
    try:
        projection: Projection = sample.once(project)
    except Unavailable as reason:
        return PairMotion(None, None, *peaks, inter_ocular(own), (), None, None, f"not measurable: {reason}")
    moving = moves(projection)
    correlation = float(np.corrcoef(projection.output_curve, projection.reference_curve)[0, 1]) if moving else None
    return PairMotion(
        gain=projection.gain,
        profile=correlation,
        driver_peak=peaks[0],
        output_peak=peaks[1],
        inter_ocular=inter_ocular(own),
        frames=tuple(int(frame) for frame in projection.frames),
        driver_curve=tuple(float(value) for value in projection.reference_curve),
        output_curve=tuple(float(value) for value in projection.output_curve),
        missing=None if moving else "no motion along the driver's is told from noise",
    )


def _peak(frames: Pixels, points: Points, onset: int, apex: int, flow: FlowEstimator) -> float:
    """99th percentile of the expression's displacement over the face at the apex, pixels."""
    face = oval_mask(points, *frames.shape[1:3])
    fields = expression(frames[[onset, apex]], 0, face, flow)
    inside = cv2.resize(face.astype(np.uint8), fields.shape[2:0:-1], interpolation=cv2.INTER_NEAREST) > 0
    return float(np.percentile(np.hypot(*fields[1][inside].T), 99.0))


def _eyes(points: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], dtype=np.uint8)
    for centre in eye_centres(points):
        cv2.circle(mask, tuple(np.rint(centre).astype(int).tolist()), round(EYE_RADIUS * inter_ocular(points)), 1, -1)
    return mask.astype(bool)
