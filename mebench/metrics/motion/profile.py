"""Whether the expression rises and falls as it should."""

from __future__ import annotations

import numpy as np

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample


class Profile(MotionMetric):
    """Pearson correlation of the intensity curves of output and reference; a negative one counts as 0.

    Over all frames but the onset (0 in both by construction) and known blinks. Strength does not matter, only course.
    """

    facts = MetricFacts(
        name="profile",
        version=1,
        family="motion",
        unit="correlation",
        direction="higher",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=(),
        summary="Correlation of the output's intensity over time with the reference's.",
        source="Pearson correlation of projected intensity curves, docs/metrics.md; flow: dis-fine",
        traps=(
            "It does not see strength: half of the expression in the right course is perfect.",
            "Noise lowers it the more, the weaker the expression is.",
        ),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 1."""
        output, reference = (course - course.mean() for course in projection.courses)
        lengths = float(np.linalg.norm(output) * np.linalg.norm(reference))
        return min(1.0, max(0.0, float(output @ reference) / lengths)) if lengths > 0.0 else self.facts.worst


METRIC = Profile()
