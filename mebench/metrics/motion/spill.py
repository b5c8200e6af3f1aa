"""Motion that does not belong: off the reference's pattern on the face, or in the background."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample


class Spill(MotionMetric):
    """Square root of the share of motion energy, over the apex phase, that the best gain of each frame leaves."""

    facts = MetricFacts(
        name="spill",
        version=1,
        family="motion",
        unit="share",
        direction="lower",
        ceiling=0.0,
        floor=1.0,
        worst=1.0,
        networks=(),
        summary="Share of the output's motion that is not the reference's: off its pattern, or in the background.",
        source="||u - g e|| / ||u|| with affine nuisance, docs/metrics.md; flow: dis-fine",
        traps=(
            "Sensor noise that is drawn anew in every frame is motion that does not belong.",
            "A weak output has little motion of its own, so that the estimator's error is a larger share of it.",
        ),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 1."""
        return projection.spill


METRIC = Spill()
