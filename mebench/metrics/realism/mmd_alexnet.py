"""Distance of the made from the real clips in features of AlexNet: Gaussian-kernel MMD."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.encoders.alexnet import ENCODER
from mebench.metrics.set_metric import SetMetric
from mebench.statistics.distances import gaussian_mmd

METRIC = SetMetric(
    MetricFacts(
        name="mmd[alexnet]",
        version=1,
        family="realism",
        unit="1e-3",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=2000.0,
        networks=ENCODER.networks,
        summary="Distance of the set of outputs from the real clips: Gaussian MMD of AlexNet features, one vector a clip.",
        source="Gretton et al., JMLR 13, 2012, eq. 3, pairs of one subject left out",
        decimals=1,
        per="set",
        traps=(
            "It may be a little below 0: the estimator has no bias to hide that.",
            "It sees noise and compression before motion: a still clip is near, one frame looks like the next.",
        ),
    ),
    ENCODER,
    gaussian_mmd,
    1000.0,
)
