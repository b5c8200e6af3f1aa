"""How much the skin is deformed, whatever the direction, above the noise of the clip."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import LARGEST_GAIN, MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample
from mebench.motion.flow import Flow

SMOOTHING = 0.04
"""Width (sigma) of the Gaussian that smooths the flow before it is differentiated, in inter-ocular distances: 2.5 px of
a face of 256 px, well below the width of a muscle's pull (10 px and more)."""

FEWEST_NEUTRAL = 2


class StrainRatio(MotionMetric):
    """``sqrt((S_out - N_out) / (S_ref - N_ref))``: S the mean squared strain over the face in the apex phase, N that of
    the clip's own neutral frames.

    Neutral are the frames before the onset and after the offset; without two of them N is estimated from the second
    differences in time of the strain tensor. The strain is the textbook's, with central differences; the constant factor
    of other kernels cancels in the ratio. The variant of the MEB library is `strain[reference]`.
    """

    facts = MetricFacts(
        name="strain",
        version=1,
        family="motion",
        unit="times",
        direction="target",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=(),
        summary="Deformation of the skin relative to the reference, each above its clip's own noise.",
        source="optical strain: Shreve et al., FG 2011; E = (grad u + grad u^T) / 2; flow: dis-fine",
        traps=(
            "It has no direction: any deformation of the right strength reads 1, where gain and spill tell it apart.",
            "Noise that is stronger around the apex than in the neutral frames counts as strain.",
        ),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 16; :class:`~mebench.errors.Unavailable` where the reference's strain drowns in its noise."""
        shown = above_noise(sample.once_a_task(_reference_strain), sample, projection)
        return strain_ratio(above_noise(sample.once(_output_strain), sample, projection), shown)


def strain_ratio(output: float, reference: float) -> float:
    """Root of the ratio of two energies above noise, 0 to 16; :class:`~mebench.errors.Unavailable` without any in the
    reference."""
    if reference <= 0.0:
        raise Unavailable("the reference's strain is not above the noise of its own neutral frames.")
    return min(LARGEST_GAIN, float(np.sqrt(max(output / reference, 0.0))))


def above_noise(tensors: NDArray[np.float32], sample: Sample, projection: Projection) -> float:
    """Mean squared strain in the apex phase above that of neutral frames. tensors: ``[T,K,N]``, K parts whose squares
    add up to the squared strain: (xx, yy, sqrt(2) xy) for the textbook's."""
    energy = np.square(tensors).mean(axis=(1, 2), dtype=np.float64)
    frames = np.arange(sample.frame_count)
    neutral = ((frames < sample.onset) | (frames > sample.offset)) & ~sample.blinking
    if neutral.sum() >= FEWEST_NEUTRAL:
        noise = float(energy[neutral].mean())
    elif sample.frame_count >= 3:
        bend = tensors[2:] - 2.0 * tensors[1:-1] + tensors[:-2]
        noise = float(np.median(np.square(bend).mean(axis=(1, 2)))) / 6.0
    else:
        noise = 0.0
    return float(energy[projection.phase].mean()) - noise


def _output_strain(sample: Sample) -> NDArray[np.float32]:
    return _tensors(sample.output_flows, sample)


def _reference_strain(sample: Sample) -> NDArray[np.float32]:
    return _tensors(sample.reference_flows, sample)


def judged_pixels(sample: Sample) -> NDArray[np.bool_]:
    """Every second pixel of the face in both directions, bool ``[S,S]``."""
    inside = np.zeros_like(sample.face)
    inside[::2, ::2] = sample.face[::2, ::2]
    return inside


def smoothed(flow: Flow, sample: Sample) -> NDArray[np.float32]:
    """A flow field ``[S,S,2]`` before it is differentiated."""
    return np.asarray(cv2.GaussianBlur(flow, (0, 0), SMOOTHING * sample.inter_ocular), dtype=np.float32)


def _tensors(flows: Flow, sample: Sample) -> NDArray[np.float32]:
    """Strain of each frame on the pixels of the face, every second one: float32 ``[T,3,N]``."""
    inside, rows = judged_pixels(sample), []
    for flow in flows:
        smooth: Any = smoothed(flow, sample)  # numpy's stubs know no gradient of two axes
        (x_down, x_across), (y_down, y_across) = np.gradient(smooth[..., 0]), np.gradient(smooth[..., 1])
        shear = (x_down + y_across) * np.float32(np.sqrt(0.5))
        rows.append(np.stack((x_across[inside], y_down[inside], shear[inside])))
    return np.asarray(rows, dtype=np.float32)


METRIC = StrainRatio()
