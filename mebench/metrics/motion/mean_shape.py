"""Output and driver compared on a mean face: motion of two people whose shapes and poses differ, without a true answer.

Each face is found on its own onset frame (the 468-point mesh, in luma, as flow is), so that the output need not stand where the source stood.
The measured flow of each is read where the samples of the mean face lie on it, loses the affine motion of its own face (the
head), and is turned and scaled to the mean face by the similarity of the shapes: one pixel there is a sixtieth of either
person's inter-ocular distance. There the driver's motion around its apex is the expression field, and the output's is
projected on it, as in :mod:`mebench.metrics.motion.projection`.

The true answer is never looked at, on the open set neither: the numbers there show what to expect where there is none.
"""

from __future__ import annotations

from abc import ABC

import numpy as np
from numpy.typing import NDArray

from mebench.errors import InputError, Unavailable
from mebench.metrics.motion.fields import Fields, residual, without
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import SMALLEST_REFERENCE, Projection, apex_phase
from mebench.metrics.sample import Sample, luma, measured_flows
from mebench.motion.landmarks import face_mesh
from mebench.motion.mean_face import OnMeanFace, turning

SOURCE = "projection slope on a mean shape, docs/metrics.md; landmarks: MediaPipe face mesh; flow: dis-fine"


class OnMeanShape(MotionMetric, ABC):
    """A metric of the motion family whose projection is made on the mean face."""

    def seen(self, sample: Sample) -> Projection | None:
        """The output's motion seen through the driver's; :class:`~mebench.errors.Unavailable` where the driver shows no
        face or no expression."""
        return sample.once(project_on_mean_face)


def project_on_mean_face(sample: Sample) -> Projection | None:
    """The output's motion on the driver's; None when no face is found in the output. Through ``sample.once``."""
    reference, pattern = sample.once_a_task(_driver)
    try:
        output = _carried(sample.output[sample.onset], sample.output_flows, "the output")
    except InputError:
        return None
    energy = float(pattern @ pattern)
    scale = float(reference[sample.apex] @ pattern) / energy
    reference_curve, output_curve = reference @ pattern / energy / scale, output @ pattern / energy / scale
    phase = apex_phase(reference_curve, np.zeros(sample.frame_count, dtype=bool), sample)
    whole = float(np.square(output[phase]).sum())
    left = sum(
        residual(frame, np.stack((own, pattern))) for frame, own in zip(output[phase], reference[phase], strict=True)
    )
    moved = np.hypot(*pattern.reshape(2, -1))
    return Projection(
        output_curve=output_curve,
        reference_curve=reference_curve,
        judged=np.flatnonzero(np.arange(sample.frame_count) != sample.onset),
        gain=float(reference_curve[phase] @ output_curve[phase]) / float(np.square(reference_curve[phase]).sum()),
        explained=float(np.square(output[phase] @ pattern).sum()) / energy / whole if whole > 0.0 else 0.0,
        spill=min(1.0, float(np.sqrt(left / whole))) if whole > 0.0 else 1.0,
        peak=float(np.percentile(moved, 99.0)),
        phase=phase,
        expression=moved.astype(np.float32),
    )


def _driver(sample: Sample) -> tuple[Fields, NDArray[np.float64]]:
    """The driver's motion on the mean face, ``[T,2N]``, and its mean around the apex, ``[2N]``."""
    if sample.truth is None and sample.same_person:
        flows = sample.reference_flows
    else:
        flows = measured_flows(sample.driving, sample.onset, sample.estimator)
    try:
        motion = _carried(sample.driving[sample.onset], flows, "the driving clip")
    except InputError as error:
        raise Unavailable(f"no landmarks were found in the driving clip: {error}") from error
    pattern = motion[sample.apex]
    shown = motion @ pattern / max(float(pattern @ pattern), np.finfo(float).tiny)
    phase = apex_phase(shown, np.zeros(sample.frame_count, dtype=bool), sample)
    pattern = shown[phase] @ motion[phase] / max(float(np.square(shown[phase]).sum()), np.finfo(float).tiny)
    peak = float(np.percentile(np.hypot(*pattern.reshape(2, -1)), 99.0))
    if peak < SMALLEST_REFERENCE:
        raise Unavailable(f"the driving clip shows no measurable expression (peak {peak:.2f} px on the mean face).")
    return motion, pattern


def _carried(onset_frame: NDArray[np.uint8], flows: NDArray[np.float32], name: str) -> Fields:
    """Measured flow ``[T,S,S,2]`` on the mean face without the head's motion: float64 ``[T,2N]``, all x, then all y."""
    face = OnMeanFace(face_mesh(luma(onset_frame[None])[0], f"the onset frame of {name}").points)
    own = face.at_samples(flows)
    plane, _ = np.linalg.qr(
        np.column_stack((np.ones(len(face.positions)), face.positions - face.positions.mean(axis=0)))
    )
    turned = face.turned(own - plane @ (plane.T @ own))
    return without(turned.transpose(0, 2, 1).reshape(len(flows), -1), turning())
