"""The ratio of mean flow magnitudes."""

from __future__ import annotations

import numpy as np

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.projection import project
from mebench.metrics.sample import Sample

LARGEST = 16.0


class LegacyFlowRatio:
    """``mean |u_out| / mean |u_ref|`` over the face and the frames of the apex phase."""

    facts = MetricFacts(
        name="legacy_flow_ratio",
        version=1,
        family="legacy",
        unit="times",
        direction="target",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=(),
        summary="Ratio of mean optical-flow magnitudes; blind at this amplitude, kept for comparison with papers.",
        source="common in talking-head and micro-expression papers; flow: dis-fine",
        ranked=False,
        traps=(
            "An output without any expression, only mild frame noise, reads 0.4 to 0.9.",
            "Head motion counts as expression.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 16; :class:`~mebench.errors.Unavailable` where the reference does not move."""
        phase = sample.once(project).phase
        output, reference = (
            float(np.hypot(flows[phase][:, sample.face, 0], flows[phase][:, sample.face, 1]).mean(dtype=np.float64))
            for flows in (sample.output_flows, sample.reference_flows)
        )
        if reference <= 0.0:
            raise Unavailable("the reference does not move.")
        return min(LARGEST, output / reference)


METRIC = LegacyFlowRatio()
