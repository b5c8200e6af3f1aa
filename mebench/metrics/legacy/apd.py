"""Average pose distance."""

from __future__ import annotations

import numpy as np

from mebench.metrics.contract import MetricFacts
from mebench.metrics.legacy.face_fit import output_fit, reference_fit
from mebench.metrics.sample import Sample
from mebench.motion.landmarks import NETWORKS

WORST = 180.0


class LegacyApd:
    """Mean absolute difference of yaw, pitch and roll of output and reference, over angles and frames."""

    facts = MetricFacts(
        name="legacy_apd",
        version=1,
        family="legacy",
        unit="degrees",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=WORST,
        networks=NETWORKS,
        summary="Average pose distance (APD): L1 of the head angles; kept for comparison with papers.",
        source="LivePortrait-style tables; the open set's face model fitted to 68 points of the MediaPipe mesh",
        decimals=3,
        ranked=False,
        traps=(
            "Papers fit a 3DMM of their own and rarely say whether they take the mean or the sum: not comparable.",
            "At the amplitude of a micro-expression the landmarks' own wandering is as large as the signal.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 180, which is also for a lost face."""
        reference, output = sample.once_a_task(reference_fit), sample.once(output_fit)
        return WORST if output is None else min(WORST, float(np.abs(output.angles - reference.angles).mean()))


METRIC = LegacyApd()
