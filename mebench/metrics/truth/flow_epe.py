"""End-point error of the output's motion against the exact motion."""

from __future__ import annotations

import numpy as np

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample

MILLI = 1000.0
FRAMES = 12
"""Judged frames: the exact flow of a frame is rendered, which is slower than measuring it."""


class FlowEpe:
    """Mean distance of measured and exact displacement from the onset, in thousandths of the inter-ocular distance.

    Over the face pixels on which the exact flow is valid, in twelve evenly spaced frames between onset and offset and
    at the apex; the frames count equally. Expression and head motion both count. A still clip scores the mean length of
    the true motion.
    """

    facts = MetricFacts(
        name="flow_epe",
        version=1,
        family="truth",
        unit="milli-inter-ocular",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=1000.0,
        networks=(),
        summary="Mean error of the measured flow against the exact flow on the face, onset to offset.",
        source="end-point error: Baker et al., IJCV 92(1), 2011; flow: dis-fine",
        decimals=2,
        traps=(
            "The true answer does not read 0 but the error of the flow estimator.",
            "A still clip reads the mean true motion: on weak expressions standing still looks near.",
            "Head motion counts, and is larger than the expression in most clips.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1000; :class:`~mebench.errors.Unavailable` without a truth."""
        errors = []
        for frame in sample.spread(FRAMES, sample.onset + 1, sample.offset):
            exact, valid = sample.exact_flow(frame)
            if valid.any():
                difference = sample.output_flows[frame][valid] - exact[valid]
                errors.append(float(np.hypot(difference[:, 0], difference[:, 1]).mean(dtype=np.float64)))
        if not errors:
            raise Unavailable("the exact flow is valid nowhere on the face.")
        return min(self.facts.worst, MILLI * float(np.mean(errors)) / sample.inter_ocular)


METRIC = FlowEpe()
