"""How much of the time the expression is shown when it should be."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.course import both_moments
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample


class IntervalIou(MotionMetric):
    """Intersection over union of the intervals from onset to offset of output and reference."""

    facts = MetricFacts(
        name="interval_iou",
        version=1,
        family="motion",
        unit="share",
        direction="higher",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=(),
        summary="Overlap in time of the expressions of output and reference, intersection over union.",
        source="interval rule of micro-expression spotting (0.5 counts as found): Li et al., MEGC 2019; flow: dis-fine",
        traps=("Strength does not matter: a faint expression at the right time reads 1.",),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 1."""
        output, reference = both_moments(projection, sample)
        shared = min(output.offset, reference.offset) - max(output.onset, reference.onset)
        union = max(output.offset, reference.offset) - min(output.onset, reference.onset)
        return max(0.0, shared) / union if union > 0.0 else 1.0


METRIC = IntervalIou()
