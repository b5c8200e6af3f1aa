"""Strength of the expression relative to the driver's, both carried to a mean face: for two people without a true answer."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gain import Gain
from mebench.metrics.motion.mean_shape import SOURCE, OnMeanShape
from mebench.motion.landmarks import NETWORKS


class GainOnMeanShape(OnMeanShape, Gain):
    """``sum_t <u_t, e_t> / sum_t <e_t, e_t>`` over the apex phase, u of the output and e of the driver on the mean face.

    Each face is found by the 468-point mesh on its own onset frame. Measured flow is read where the samples of the mean
    face lie on it (every second pixel, away from the eyes), loses the affine motion of its own face, and is turned and
    scaled by the similarity of the shapes; on the mean face it loses the parallax of a turning head, multiples of the
    mean depth. The driver's motion around its apex is the expression field. The true answer is never looked at.
    """

    facts = MetricFacts(
        name="gain[mean-shape]",
        version=1,
        family="motion",
        unit="times",
        direction="target",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=NETWORKS,
        summary="Strength of the expression relative to the driver's, both carried to a mean face: for two people without a true answer.",
        source=SOURCE,
        traps=(
            "Head motion that output and driver share and that the mean head's depth does not explain counts as expression.",
            "The lids are left out: upper lid raiser, lid tightener and blinks are not seen.",
            "A perfect output of another person does not read exactly 1: people move differently.",
        ),
    )


METRIC = GainOnMeanShape()
