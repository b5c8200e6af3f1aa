"""Trembling of what should stand still: motion that changes from frame to frame where the reference does not move."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample
from mebench.motion.flow import Flow

MILLI = 1000.0
WORST = 100.0
"""Thousandths of the inter-ocular distance: 6 px at the open set's size, beyond every trembling that was seen."""

QUIET = 0.1
"""Where the expression moves the skin by less than a tenth of its peak, the face is quiet."""


class Flicker(MotionMetric):
    """Root mean square of the second difference in time of the flow, on the quiet part of the face, above the
    reference's: ``sqrt(max(0, <|u_{t-1} - 2 u_t + u_{t+1}|^2>_out - < >_ref) / 6)``.

    Divided by the 6 that independent noise of variance 1 would give, it is the trembling of a pixel.
    """

    facts = MetricFacts(
        name="flicker",
        version=1,
        family="motion",
        unit="milli-inter-ocular",
        direction="lower",
        ceiling=0.0,
        floor=WORST,
        worst=WORST,
        networks=(),
        summary="Trembling of the quiet parts of the face from frame to frame, above the reference's.",
        source="second difference of measured flow (Rice, Annals of Statistics 12, 1984, for the factor); dis-fine",
        decimals=2,
        traps=("Sensor noise that is drawn anew in every frame trembles too.",),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 100."""
        if sample.frame_count < 3:
            return 0.0
        quiet = sample.face & (projection.expression <= QUIET * projection.peak)
        if not quiet.any():
            return 0.0
        excess = trembling(sample.output_flows, quiet) - trembling(sample.reference_flows, quiet)
        return min(WORST, MILLI * float(np.sqrt(max(0.0, excess))) / sample.inter_ocular)


def trembling(flows: Flow, mask: NDArray[np.bool_]) -> float:
    """Variance of the noise of flow ``[T,H,W,2]`` on the pixels of a mask, in square pixels, x and y together."""
    inside = flows[:, mask].astype(np.float64)
    bend = inside[2:] - 2.0 * inside[1:-1] + inside[:-2]
    return float(np.square(bend).sum(axis=-1).mean()) / 6.0


METRIC = Flicker()
