"""Frechet video distance, named after its network and its 16 frames."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.encoders.r3d18 import ENCODER
from mebench.metrics.set_metric import SetMetric
from mebench.statistics.distances import frechet

METRIC = SetMetric(
    MetricFacts(
        name="fvd[r3d18]",
        version=1,
        family="realism",
        unit="",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=10000.0,
        networks=ENCODER.networks,
        summary="Frechet video distance in R3D-18 features of 16 frames from onset to offset; never ranked on.",
        source="Unterthiner et al., FVD, 2019, with R3D-18 in the place of I3D",
        decimals=1,
        per="set",
        ranked=False,
        traps=(
            "It is not the FVD of papers, whose network is I3D.",
            "It sees single frames better than motion (Ge et al., CVPR 2024).",
        ),
    ),
    ENCODER,
    frechet,
)
