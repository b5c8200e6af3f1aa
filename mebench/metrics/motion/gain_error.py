"""How far the strength of the expression is off, in octaves: half as strong is as wrong as twice."""

from __future__ import annotations

import math

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import LARGEST_OCTAVES, MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample

ONE_PERCENT = 0.0144
"""One percent of the gain, in octaves. Near 0 a share of the error itself would be next to nothing."""


class GainError(MotionMetric):
    """``|log2 gain|``, capped at 4."""

    facts = MetricFacts(
        name="gain_error",
        version=1,
        family="motion",
        unit="octaves",
        direction="lower",
        ceiling=0.0,
        floor=LARGEST_OCTAVES,
        worst=LARGEST_OCTAVES,
        networks=(),
        summary="Distance of the expression's strength from the reference's, |log2 gain|.",
        source="projection slope with affine nuisance, docs/metrics.md; flow: dis-fine",
        step=ONE_PERCENT,
        traps=(
            "No error in strength says nothing of place and course: read spill and profile beside it.",
            "Undetected motion counts four octaves, so a few still clips weigh much in a mean.",
            "Lossy compression takes micro-motion away: deliver lossless frames.",
        ),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 4."""
        return min(LARGEST_OCTAVES, abs(math.log2(projection.gain)))


METRIC = GainError()
