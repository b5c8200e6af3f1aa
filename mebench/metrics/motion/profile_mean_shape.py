"""Correlation of the output's intensity over time with the driver's, both carried to a mean face."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.mean_shape import SOURCE, OnMeanShape
from mebench.metrics.motion.profile import Profile
from mebench.motion.landmarks import NETWORKS


class ProfileOnMeanShape(OnMeanShape, Profile):
    """Pearson correlation of the intensity curves of output and driver on the mean face; a negative one counts as 0.

    Each face is found by the 468-point mesh on its own onset frame. Measured flow is read where the samples of the mean
    face lie on it (every second pixel, away from the eyes), loses the affine motion of its own face, and is turned and
    scaled by the similarity of the shapes; on the mean face it loses the parallax of a turning head, multiples of the
    mean depth. The driver's motion around its apex is the expression field. The true answer is never looked at.
    """

    facts = MetricFacts(
        name="profile[mean-shape]",
        version=1,
        family="motion",
        unit="correlation",
        direction="higher",
        ceiling=1.0,
        floor=0.0,
        worst=0.0,
        networks=NETWORKS,
        summary="Correlation of the output's intensity over time with the driver's, both carried to a mean face.",
        source=SOURCE,
        traps=(
            "Head motion that output and driver share and that the mean head's depth does not explain counts as expression.",
            "The lids are left out: upper lid raiser, lid tightener and blinks are not seen.",
            "A slow drift that both clips share raises it.",
        ),
    )


METRIC = ProfileOnMeanShape()
