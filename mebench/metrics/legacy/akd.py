"""Average keypoint distance."""

from __future__ import annotations

import numpy as np

from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample
from mebench.metrics.tracked import output_points, reference_points
from mebench.motion.landmarks import NETWORKS

WORST = 256.0
"""Pixels: the side of the scored picture."""


class LegacyAkd:
    """Mean Euclidean distance between the 68 landmarks of output and reference, frame by frame, in pixels at the
    scoring size."""

    facts = MetricFacts(
        name="legacy_akd",
        version=1,
        family="legacy",
        unit="px",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=WORST,
        networks=NETWORKS,
        summary="Average keypoint distance (AKD) of 68 landmarks to the reference; kept for comparison with papers.",
        source="Siarohin et al., First Order Motion Model, NeurIPS 2019; landmarks: MediaPipe face mesh",
        decimals=2,
        ranked=False,
        traps=(
            "Papers use another detector (face-alignment): the numbers are not comparable digit by digit.",
            "A still clip is nearly perfect; the detector wanders by 0.07 px where nothing moves.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 256, which is also for a lost face."""
        reference, output = sample.once_a_task(reference_points), sample.once(output_points)
        return WORST if output is None else min(WORST, float(np.linalg.norm(output - reference, axis=-1).mean()))


METRIC = LegacyAkd()
