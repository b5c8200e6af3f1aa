"""The strain ratio with the strain that published micro-expression recognisers were trained on."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.motion.strain import above_noise, judged_pixels, smoothed, strain_ratio
from mebench.metrics.sample import Sample
from mebench.motion.flow import Flow

HALF = np.float32(np.sqrt(0.5))


class StrainReference(MotionMetric):
    """`strain` with the quantity that the MEB library calls strain: the axes of the normal terms exchanged, and the two
    shear terms squared before they are added, ``(Sy u)^2 + (Sx v)^2 + ((Sx u)^2 + (Sy v)^2) / 2`` with 3 x 3 Sobel sums.

    The same smoothing, noise floor, pixels and frames as `strain`; the factor of the Sobel sums cancels.
    """

    facts = MetricFacts(
        name="strain[reference]",
        version=1,
        family="motion",
        unit="times",
        direction="target",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=(),
        summary="The ratio of deformation in the variant of the MEB library, each above its clip's own noise.",
        source="MEB library (Varanka et al., 2023), optical strain as computed there; flow: dis-fine",
        traps=(
            "It is no strain in the sense of mechanics: a rotation counts as deformation.",
            "It is here because recognisers were trained on it; read it beside strain.",
        ),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 16; :class:`~mebench.errors.Unavailable` where the reference's strain drowns in its noise."""
        shown = above_noise(sample.once_a_task(_reference_strain), sample, projection)
        return strain_ratio(above_noise(sample.once(_output_strain), sample, projection), shown)


def _output_strain(sample: Sample) -> NDArray[np.float32]:
    return _parts(sample.output_flows, sample)


def _reference_strain(sample: Sample) -> NDArray[np.float32]:
    return _parts(sample.reference_flows, sample)


def _parts(flows: Flow, sample: Sample) -> NDArray[np.float32]:
    """Four parts whose squares add up to the squared strain, on the judged pixels: float32 ``[T,4,N]``."""
    inside, rows = judged_pixels(sample), []
    for flow in flows:
        smooth = smoothed(flow, sample)
        u, v = smooth[..., 0], smooth[..., 1]
        across_u, across_v = (cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=3) for field in (u, v))
        down_u, down_v = (cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=3) for field in (u, v))
        rows.append(np.stack((down_u[inside], across_v[inside], HALF * across_u[inside], HALF * down_v[inside])))
    return np.asarray(rows, dtype=np.float32)


METRIC = StrainReference()
