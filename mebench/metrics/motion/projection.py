"""How much of the true expression an output shows: a projection, frame by frame.

Flow magnitudes cannot answer this: at the amplitude of a micro-expression, noise alone has the magnitude of the signal.
Projected on the field of the expression, noise averages out, and what is left over is known to be something else.

Over the pixels of the face, every measured field loses its **nuisance**: an affine motion of the whole face (the
head: shift, turn, tilt, distance) and, on the open set, the parallax of the exact head motion, each with free
coefficients. The **expression field** E is on the open set the exact action-unit flow at the apex, else the mean
measured field of the reference around its apex; it loses the nuisance too. By the Frisch-Waugh-Lovell theorem
``c(t) = <f_t, E> / <E, E>`` is the coefficient of E in the joint least-squares fit of expression and nuisance to the
flow f_t: the **intensity curve**.

Output and reference are measured by the same estimator and projected on the same field, and gains are ratios of the two
curves. So the estimator's bias cancels, an output equal to the reference gives exactly 1, and E being exact (an
instrument in the sense of errors-in-variables regression), errors that the two measurements share do not count as
motion: an output that moves the head alone reads about 0, where projection on the measured field reads up to 0.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mebench.errors import Unavailable
from mebench.metrics.motion.fields import Fields, affine_basis, background, pixels, residual, without
from mebench.metrics.sample import Sample

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


@dataclass(frozen=True, eq=False)
class Projection:
    """The motion of an output seen through the true expression.

    output_curve, reference_curve: float64 ``[T]``, intensities; the reference's is 1 at the apex, both are 0 at the
    onset. judged: int64 ``[K]``, the frames whose course counts: all but the onset, which is 0 by construction, and
    known blinks.
    gain: strength of the output over the apex phase. explained: share of the output's motion energy in the apex phase
    that lies along the expression. spill: share of motion (root of the energy) that does not belong, in [0,1].
    peak: largest displacement (99th percentile over the face) of the expression field in pixels.
    phase: int64, the frames of the apex phase. expression: float32 ``[S,S]``, how far the expression field moves each
    pixel of the face at the apex; 0 elsewhere.
    """

    output_curve: NDArray[np.float64]
    reference_curve: NDArray[np.float64]
    judged: NDArray[np.int64]
    gain: float
    explained: float
    spill: float
    peak: float
    phase: NDArray[np.int64]
    expression: NDArray[np.float32]

    @property
    def frames(self) -> NDArray[np.int64]:
        """The frame of each value of the curves: every frame of the clip."""
        return np.arange(len(self.reference_curve))

    @property
    def courses(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The curves of output and reference at the judged frames, float64 ``[K]`` each."""
        return self.output_curve[self.judged], self.reference_curve[self.judged]


def project(sample: Sample) -> Projection:
    """Project the output's motion on the true expression. Use through ``sample.once(project)``.

    :class:`~mebench.errors.Unavailable` where the reference shows no measurable expression.
    """
    if not sample.face.any():
        raise Unavailable("no pixel of the face is visible.")
    nuisance = nuisance_of(sample)
    reference = without(pixels(sample.reference_flows, sample.face), nuisance)
    output = without(pixels(sample.output_flows, sample.face), nuisance)
    pattern = _expression(sample, reference, nuisance)
    energy = float(pattern @ pattern)
    shown, scale = reference @ pattern / energy, float(reference[sample.apex] @ pattern) / energy
    if scale <= 0.0:
        raise Unavailable("the reference's measured motion at the apex does not show its expression.")
    reference_curve, output_curve = shown / scale, output @ pattern / energy / scale

    phase = apex_phase(reference_curve, sample.blinking, sample)
    moved = np.zeros(sample.face.shape, dtype=np.float32)
    moved[sample.face] = np.hypot(*pattern.reshape(2, -1))
    not_onset = np.arange(sample.frame_count) != sample.onset
    along, whole = float(((output[phase] @ pattern) ** 2).sum()) / energy, float((output[phase] ** 2).sum())
    return Projection(
        output_curve=output_curve,
        reference_curve=reference_curve,
        judged=np.flatnonzero(~sample.blinking & not_onset),
        gain=float(reference_curve[phase] @ output_curve[phase])
        / float(reference_curve[phase] @ reference_curve[phase]),
        explained=along / whole if whole > 0.0 else 0.0,
        spill=_spill(sample, output[phase], reference[phase], pattern, phase),
        peak=float(np.percentile(np.hypot(*pattern.reshape(2, -1)), 99.0)),
        phase=phase,
        expression=moved,
    )


def nuisance_of(sample: Sample) -> NDArray[np.float64]:
    """Orthonormal basis ``[2N,6..9]`` of the motions of the face that are head motion, once a task."""
    return sample.once_a_task(_nuisance)


def _nuisance(sample: Sample) -> NDArray[np.float64]:
    """Orthonormal basis ``[2N,6..9]`` of the motions of the face that are head motion."""
    affine = affine_basis(sample.face)
    if sample.truth is None:
        return affine
    frames = sample.spread(PARALLAX_FRAMES, sample.onset + 1, sample.offset)
    exact = np.stack([sample.exact_flow(frame, "head")[0] for frame in frames])
    parallax = without(pixels(exact, sample.face), affine)
    _, size, fields = np.linalg.svd(parallax, full_matrices=False)
    loudness = size / np.sqrt(parallax.shape[1] / 2.0)
    count = min(PARALLAX_FIELDS, int((loudness >= SMALLEST_PARALLAX).sum()))
    return np.concatenate((affine, fields[:count].T), axis=1)


def _expression(sample: Sample, reference: Fields, nuisance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The expression field without nuisance, ``[2N]``: exact where it is known, else measured around the apex."""
    if sample.truth is not None:
        exact, valid = sample.exact_flow(sample.apex, "au")
        known = np.where(valid[..., None], exact, np.float32(0.0))
        pattern = without(pixels(known[None], sample.face), nuisance)[0]
    else:
        pattern = reference[sample.apex]
        energy = float(pattern @ pattern)
        curve = reference @ pattern / energy if energy > 0.0 else np.zeros(len(reference))
        phase = apex_phase(curve, sample.blinking, sample)
        pattern = curve[phase] @ reference[phase] / max(float(curve[phase] @ curve[phase]), np.finfo(float).tiny)
    peak = float(np.percentile(np.hypot(*pattern.reshape(2, -1)), 99.0))
    if peak < SMALLEST_REFERENCE:
        raise Unavailable(f"the reference shows no measurable expression (peak {peak:.2f} px).")
    return np.asarray(pattern)


def apex_phase(curve: NDArray[np.float64], blinking: NDArray[np.bool_], sample: Sample) -> NDArray[np.int64]:
    """Frames around the apex whose intensity is at least half of the apex's, without gap and without blink."""
    shown = (curve >= HALF * curve[sample.apex]) & ~blinking
    first = last = sample.apex
    while first - 1 > sample.onset and shown[first - 1]:
        first -= 1
    while last + 1 <= sample.offset and shown[last + 1]:
        last += 1
    return np.arange(first, last + 1)


def _spill(
    sample: Sample, output: Fields, reference: Fields, pattern: NDArray[np.float64], phase: NDArray[np.int64]
) -> float:
    """``sqrt(residual energy / energy)`` over the apex phase, face and background.

    On the face: what is left of each frame after its best fit by the expression field and the reference's own measured
    motion, so that errors of the estimator that both measurements share do not count. In the background: what the best
    multiple of the reference's own motion there leaves (hair and shoulders may follow the head); it weighs by its area,
    but never more than the face.
    """
    energy = float((output * output).sum())
    left = sum(residual(frame, np.stack((own, pattern))) for frame, own in zip(output, reference, strict=True))
    far = sample.once_a_task(background)
    if far.any():
        flows = (pixels(sample.output_flows[phase], far), pixels(sample.reference_flows[phase], far))
        behind = sum(residual(frame, own[None]) for frame, own in zip(*flows, strict=True))
        behind *= min(1.0, output.shape[1] / flows[0].shape[1])
        left, energy = left + behind, energy + behind
    return min(1.0, float(np.sqrt(left / energy))) if energy > 0.0 else 1.0
