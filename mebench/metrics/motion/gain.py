"""How strong the expression of the output is, measured along the reference's own motion."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import LARGEST_GAIN, MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample


class Gain(MotionMetric):
    """``sum_t <u_t, e_t> / sum_t <e_t, e_t>`` over the frames of the apex phase; 1 is right, 0.5 half as strong."""

    facts = MetricFacts(
        name="gain",
        version=1,
        family="motion",
        unit="times",
        direction="target",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=(),
        summary="Strength of the expression relative to the reference: least-squares slope of measured flow.",
        source="projection slope with affine nuisance, docs/metrics.md; flow: dis-fine",
        traps=(
            "It says nothing of place and course: read spill and profile beside it.",
            "Lossy compression takes micro-motion away, and the gain says so: deliver lossless frames.",
            "Outside the open set the expression field is measured, and head motion that is not affine counts as expression.",
        ),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 1/16 and 16; 0 without detected motion."""
        return min(projection.gain, LARGEST_GAIN)


METRIC = Gain()
