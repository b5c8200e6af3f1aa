"""How much of the reference's own motion the output shows: least squares, one fit a frame.

Flow magnitudes cannot answer this: at the amplitude of a micro-expression, noise alone has the magnitude of the signal.
Projected on the field of the reference, noise averages out, and what is left over is known to be something else.

For each frame, over the pixels of the face, both measured fields lose their **nuisance**: an affine motion of the whole
face (the head: shift, turn, tilt, distance) and, on the open set, the parallax of the exact head motion, each with free
coefficients. What remains of the reference is the **expression field** ``e_t``, of the output ``u_t``; by the
Frisch-Waugh-Lovell theorem ``<u_t, e_t> / <e_t, e_t>`` is the coefficient of the expression in the joint least-squares
fit of expression and nuisance. Both come from the same estimator, so its bias cancels and an output equal to the
reference gives exactly 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.errors import Unavailable
from mebench.metrics.sample import Sample
from mebench.motion.flow import Flow, grey

SCHARR = 32.0
"""Sum of the weights of a Scharr kernel times its step: makes it a gradient per pixel."""

Fields = NDArray[np.float64]
"""Flow on N chosen pixels of T frames: float64 ``[T,2N]``, all x, then all y."""

HALF = 0.5
"""The apex phase: frames around the apex in which the reference shows at least half of its intensity at the apex."""

SMALLEST_REFERENCE = 0.1
"""Pixels. A reference whose expression peaks below this is not measurable: five times the 0.02 px mean error of the
flow estimator on clean micro-motion."""

PARALLAX_FRAMES = 5
PARALLAX_FIELDS = 3
SMALLEST_PARALLAX = 0.01
"""Head motion that is not affine: up to three principal fields of the exact head flow of five frames and the apex.
Fields below 0.01 px (root mean square: half the estimator's error) say nothing and are left out."""

BACKGROUND_DISTANCE = 0.5
"""In inter-ocular distances: pixels farther than this from the face are background. Nearer ones carry the face's own
motion, which flow estimators spread a little."""

TEXTURE, TEXTURE_SIGMA = 3.0, 3.0
"""Background counts where the grey-level gradient is at least 3 a pixel (root mean square, Gaussian window of sigma 3
pixels): on a blank wall the flow is noise and its motion is not seen."""


@dataclass(frozen=True, eq=False)
class Projection:
    """The motion of an output seen through the expression of its reference.

    frames: int64 ``[K]``, the frames of the curves: all but the onset, which is 0 by construction, and known blinks.
    output_curve, reference_curve: float64 ``[K]``, intensity along the mean expression field of the apex phase; the
    reference's is near 1 at the apex. gain: least-squares gain over the apex phase. spill: share of motion that does
    not belong, in [0,1]. peak: largest displacement (99th percentile over the face) of the reference's expression field
    in pixels.
    """

    frames: NDArray[np.int64]
    output_curve: NDArray[np.float64]
    reference_curve: NDArray[np.float64]
    gain: float
    spill: float
    peak: float


def project(sample: Sample) -> Projection:
    """Project the output's motion on the reference's. Use through ``sample.once(project)``.

    :class:`~mebench.errors.Unavailable` where the reference shows no measurable expression.
    """
    face = sample.face
    if not face.any():
        raise Unavailable("no pixel of the face is visible.")
    nuisance = sample.once(_nuisance)
    reference = _without(pixels(sample.reference_flows, face), nuisance)
    output = _without(pixels(sample.output_flows, face), nuisance)

    phase, weights = _apex_phase(reference, sample)
    frames = np.flatnonzero(~sample.blinking & (np.arange(sample.frame_count) != sample.onset))
    pattern = weights @ reference[phase]
    peak = float(np.percentile(np.hypot(*pattern.reshape(2, -1)), 99.0))
    if peak < SMALLEST_REFERENCE:
        raise Unavailable(f"the reference shows no measurable expression (peak {peak:.2f} px).")
    energy = float(pattern @ pattern)

    own = (reference[phase] * reference[phase]).sum(axis=1)
    along = (output[phase] * reference[phase]).sum(axis=1)
    return Projection(
        frames=frames,
        output_curve=output[frames] @ pattern / energy,
        reference_curve=reference[frames] @ pattern / energy,
        gain=float(along.sum() / own.sum()),
        spill=_spill(sample, output[phase], reference[phase], phase),
        peak=peak,
    )


def pixels(flows: Flow, mask: NDArray[np.bool_]) -> Fields:
    """The flow ``[T,H,W,2]`` on the pixels of a mask ``[H,W]``: float64 ``[T,2N]``, all x, then all y."""
    return np.concatenate((flows[:, mask, 0], flows[:, mask, 1]), axis=1).astype(np.float64)


def affine_basis(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Orthonormal basis ``[2N,6]`` of the affine motions of the pixels of a mask."""
    rows, columns = np.nonzero(mask)
    plane = np.stack((np.ones(len(rows)), columns - columns.mean(), rows - rows.mean()), axis=1)
    plane, _ = np.linalg.qr(plane)
    return np.kron(np.eye(2), plane)


def _nuisance(sample: Sample) -> NDArray[np.float64]:
    """Orthonormal basis ``[2N,6..9]`` of the motions of the face that are head motion."""
    affine = affine_basis(sample.face)
    if sample.truth is None:
        return affine
    frames = sample.spread(PARALLAX_FRAMES, sample.onset + 1, sample.offset)
    exact = np.stack([sample.exact_flow(frame, "head")[0] for frame in frames])
    parallax = _without(pixels(exact, sample.face), affine)
    _, size, fields = np.linalg.svd(parallax, full_matrices=False)
    loudest = size / np.sqrt(parallax.shape[1] / 2.0)
    count = min(PARALLAX_FIELDS, int((loudest >= SMALLEST_PARALLAX).sum()))
    return np.concatenate((affine, fields[:count].T), axis=1)


def _without(fields: Fields, basis: NDArray[np.float64]) -> Fields:
    """Each field minus its part in the span of an orthonormal basis."""
    return np.asarray(fields - (fields @ basis) @ basis.T)


def _apex_phase(reference: Fields, sample: Sample) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Frames of the apex phase, and the weights with which their fields average to the field at unit intensity."""
    at_apex = reference[sample.apex]
    energy = float(at_apex @ at_apex)
    if energy == 0.0:
        raise Unavailable("the reference does not move between onset and apex.")
    curve = reference @ at_apex / energy
    first = last = sample.apex
    shown = (curve >= HALF) & ~sample.blinking
    while first - 1 > sample.onset and shown[first - 1]:
        first -= 1
    while last + 1 <= sample.offset and shown[last + 1]:
        last += 1
    phase = np.arange(first, last + 1)
    return phase, curve[phase] / float(curve[phase] @ curve[phase])


def _spill(sample: Sample, output: Fields, reference: Fields, phase: NDArray[np.int64]) -> float:
    """``sqrt(residual energy / energy)`` over the apex phase, face and background.

    On the face: what the best gain (not negative) of each frame leaves. In the background: what the best multiple of
    the reference's own motion there leaves (hair and shoulders may follow the head), weighted so that the background
    counts as much as the face whatever its area.
    """
    face_energy = float((output * output).sum())
    face_residual = _residual(output, reference)
    far = sample.once(background)
    behind = 0.0
    if far.any():
        flows = (pixels(sample.output_flows[phase], far), pixels(sample.reference_flows[phase], far))
        behind = _residual(*flows) * output.shape[1] / flows[0].shape[1]
    total = face_energy + behind
    return float(np.sqrt((face_residual + behind) / total)) if total > 0.0 else 1.0


def _residual(fields: Fields, model: Fields) -> float:
    """Energy that is left of each field after its best multiple, not negative, of the model; summed over frames."""
    own = (model * model).sum(axis=1)
    along = np.maximum((fields * model).sum(axis=1), 0.0)
    multiple = np.divide(along, own, out=np.zeros_like(along), where=own > 0.0)
    return float(((fields - multiple[:, None] * model) ** 2).sum())


def background(sample: Sample) -> NDArray[np.bool_]:
    """Textured pixels farther than half an inter-ocular distance from the face, bool ``[S,S]``."""
    distance = cv2.distanceTransform((~sample.face).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    image = grey(sample.reference[sample.onset]).astype(np.float64)
    across, down = (cv2.Scharr(image, cv2.CV_64F, *order) / SCHARR for order in ((1, 0), (0, 1)))
    energy = cv2.GaussianBlur(across * across + down * down, (0, 0), TEXTURE_SIGMA)
    return np.asarray((distance > BACKGROUND_DISTANCE * sample.inter_ocular) & (energy >= TEXTURE**2))
