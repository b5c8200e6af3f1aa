"""Displacement of landmarks in inter-ocular distances, where it stands out of the detector's own wandering."""

from __future__ import annotations

import numpy as np

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gate import MotionMetric
from mebench.metrics.motion.projection import Projection
from mebench.metrics.sample import Sample
from mebench.metrics.tracked import Points, output_points, reference_points, tracked_frames
from mebench.motion.landmarks import NETWORKS

MILLI = 1000.0
WORST = 1000.0

JITTER = 2.0
"""Thousandths of the inter-ocular distance: by how much a point of the mesh wanders where nothing moves, root mean square
(0.07 to 0.13 px at 60 px between the eyes, under sensor noise of 2 grey levels; ``mebench.motion.landmarks.jitter``)."""

FACE = slice(17, 68)
"""Brows, nose, eyes and lips; the jaw of the mesh follows the outline of the head."""


class LandmarkError(MotionMetric):
    """``<|d_out - d_ref|>`` in thousandths of the inter-ocular distance: d the displacement of a point from the onset,
    mean over the tracked frames of the apex phase, less the affine motion of all points (the head); 51 points.

    Missing where the reference's own points move no more than the detector's wandering.
    """

    facts = MetricFacts(
        name="landmark_error",
        version=1,
        family="motion",
        unit="milli-inter-ocular",
        direction="lower",
        ceiling=0.0,
        floor=WORST,
        worst=WORST,
        networks=NETWORKS,
        summary="Error of the displacement of 51 landmarks around the apex, where it is above the detector's wandering.",
        source="landmark displacement over inter-ocular distance; landmarks: MediaPipe face mesh",
        decimals=2,
        traps=(
            f"The detector's own wandering is {JITTER:g} milli-inter-ocular a point: smaller errors mean nothing.",
            "The mesh follows half of a micro-expression's motion at best; flow measures it ten times as finely.",
        ),
    )

    def measure(self, projection: Projection, sample: Sample) -> float:
        """Between 0 and 1000; :class:`~mebench.errors.Unavailable` where the reference's landmarks do not move enough."""
        true = _displacement(sample.once_a_task(reference_points), sample, projection)
        if float(np.sqrt(np.square(true).sum(axis=-1).mean())) * MILLI < JITTER:
            raise Unavailable(f"the landmarks move less than the detector wanders ({JITTER:g} milli-inter-ocular).")
        points = sample.once(output_points)
        if points is None:
            return WORST
        shown = _displacement(points, sample, projection)
        return min(WORST, MILLI * float(np.linalg.norm(shown - true, axis=-1).mean()))


def _displacement(points: Points, sample: Sample, projection: Projection) -> Points:
    """Mean displacement ``[51,2]`` from the onset in inter-ocular distances, over the tracked frames of the apex phase."""
    frames = tracked_frames(sample)
    judged = [k for k, t in enumerate(frames) if t in set(projection.phase.tolist())]
    start = points[frames.index(sample.onset), FACE]
    moved = points[judged][:, FACE].mean(axis=0) - start
    plane, _ = np.linalg.qr(np.column_stack((np.ones(len(start)), start - start.mean(axis=0))))
    return np.asarray((moved - plane @ (plane.T @ moved)) / sample.inter_ocular)


METRIC = LandmarkError()
