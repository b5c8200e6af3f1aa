"""Distance of the expression's strength from the driver's, |log2 gain|, both carried to a mean face."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.motion.gain_error import GainError
from mebench.metrics.motion.gate import LARGEST_OCTAVES
from mebench.metrics.motion.mean_shape import SOURCE, OnMeanShape
from mebench.motion.landmarks import NETWORKS


class GainErrorOnMeanShape(OnMeanShape, GainError):
    """``|log2 gain|``, capped at 4, of the gain on the mean face.

    Each face is found by the 468-point mesh on its own onset frame. Measured flow is read where the samples of the mean
    face lie on it (every second pixel, away from the eyes), loses the affine motion of its own face, and is turned and
    scaled by the similarity of the shapes; on the mean face it loses the parallax of a turning head, multiples of the
    mean depth. The driver's motion around its apex is the expression field. The true answer is never looked at.
    """

    facts = MetricFacts(
        name="gain_error[mean-shape]",
        version=1,
        family="motion",
        unit="octaves",
        direction="lower",
        ceiling=0.0,
        floor=LARGEST_OCTAVES,
        worst=LARGEST_OCTAVES,
        networks=NETWORKS,
        summary="Distance of the expression's strength from the driver's, |log2 gain|, both carried to a mean face.",
        source=SOURCE,
        traps=(
            "Head motion that output and driver share and that the mean head's depth does not explain counts as expression.",
            "The lids are left out: upper lid raiser, lid tightener and blinks are not seen.",
            "A perfect output of another person does not read 0: people move differently.",
        ),
    )


METRIC = GainErrorOnMeanShape()
