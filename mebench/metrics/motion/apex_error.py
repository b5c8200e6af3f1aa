"""When the expression of the output is strongest, against when it should be."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.course import LONGEST_MS, both_moments
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample

JITTER_MS = 1.0
"""A flat top moves by up to 2 ms when one in a hundred values of the clip moves by one level
(``python benchmarks/last_bits.py --protocol open-mini --tasks 24 --draws 3``)."""


class ApexError(MotionMetric):
    """``|t_apex(output) - t_apex(reference)|`` in ms, the apex being the maximum of the smoothed intensity curve."""

    facts = MetricFacts(
        name="apex_error",
        version=1,
        family="motion",
        unit="ms",
        direction="lower",
        ceiling=0.0,
        floor=LONGEST_MS,
        worst=LONGEST_MS,
        networks=(),
        summary="Time between the strongest moments of output and reference.",
        source="maximum of the smoothed projected intensity curve; flow: dis-fine",
        decimals=1,
        step=JITTER_MS,
        traps=("A long plateau has no sharp maximum: read interval_iou beside it.",),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 500 ms."""
        output, reference = both_moments(projection, sample)
        return min(LONGEST_MS, abs(output.apex - reference.apex))


METRIC = ApexError()
