"""What changes in the picture where nothing moves."""

from __future__ import annotations

import cv2
import numpy as np

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample, luma
from mebench.metrics.truth.flow_epe import FRAMES

STILL = 0.1
"""Pixels of exact expression below which a pixel does not move: a third of a grey level at a strong edge."""

SMOOTHED = 2.0
"""Deviation in pixels of the Gaussian under which luma is compared: sensor noise, which a method may rightly take
out, falls below it; halos, ringing and repainted patches do not."""


class OffMotion:
    """Mean absolute difference of luma between output and true answer where the expression moves nothing.

    In twelve frames between onset and offset and at the apex, in grey levels of 255, both smoothed by 2 px; over all
    pixels, background included, whose exact expression is shorter than 0.1 px.
    """

    facts = MetricFacts(
        name="off_motion",
        version=1,
        family="truth",
        unit="grey levels",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=255.0,
        networks=(),
        summary="Mean luma error where the expression moves nothing: halos, ringing, repainted background.",
        source="this benchmark",
        traps=("A still clip has only the head's motion to answer for.",),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 255; :class:`~mebench.errors.Unavailable` without a truth."""
        errors = []
        for frame in sample.spread(FRAMES, sample.onset + 1, sample.offset):
            flow, _ = sample.exact_flow(frame, "au")
            still = np.hypot(flow[..., 0], flow[..., 1]) < STILL
            if still.any():
                pair = luma(np.stack((sample.output[frame], sample.reference[frame])))[..., 0].astype(np.float32)
                ours, true = (cv2.GaussianBlur(image, (0, 0), SMOOTHED) for image in pair)
                errors.append(float(np.abs(ours - true)[still].mean(dtype=np.float64)))
        if not errors:
            raise Unavailable("the expression moves every pixel of the picture.")
        return float(np.mean(errors))


METRIC = OffMotion()
