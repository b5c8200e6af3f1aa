"""Kernel distance of the made from the real clips in features of AlexNet."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.encoders.alexnet import ENCODER
from mebench.metrics.set_metric import SetMetric
from mebench.statistics.distances import polynomial_mmd

METRIC = SetMetric(
    MetricFacts(
        name="kid[alexnet]",
        version=1,
        family="realism",
        unit="1e-3",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=1000000.0,
        networks=ENCODER.networks,
        summary="Kernel Inception distance with AlexNet features, all clips, one vector a clip, subjects kept apart.",
        source="Binkowski et al., Demystifying MMD GANs, ICLR 2018, pairs of one subject left out, no subsets",
        decimals=1,
        per="set",
        traps=(
            "It does not see that outputs vary too little.",
            "Papers take every frame and random subsets: their numbers are not comparable.",
        ),
    ),
    ENCODER,
    polynomial_mmd,
    1000.0,
)
