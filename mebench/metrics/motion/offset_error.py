"""When the expression of the output ends, against when it should."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.course import LONGEST_MS, both_moments
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample


class OffsetError(MotionMetric):
    """``|t_offset(output) - t_offset(reference)|`` in ms, read where the smoothed course crosses a quarter of its height."""

    facts = MetricFacts(
        name="offset_error",
        version=1,
        family="motion",
        unit="ms",
        direction="lower",
        ceiling=0.0,
        floor=LONGEST_MS,
        worst=LONGEST_MS,
        networks=(),
        summary="Time between the moments at which the expression ends in output and reference.",
        source="quarter-height crossing of the smoothed projected intensity curve; flow: dis-fine",
        decimals=1,
        traps=("The moment is read in both clips by the same rule; it is not the annotated offset frame.",),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 500 ms."""
        output, reference = both_moments(projection, sample)
        return min(LONGEST_MS, abs(output.offset - reference.offset))


METRIC = OffsetError()
