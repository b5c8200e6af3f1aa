"""Frechet video distance with the network of papers, when its file is there."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.encoders.i3d import ENCODER
from mebench.metrics.set_metric import SetMetric
from mebench.statistics.distances import frechet

METRIC = SetMetric(
    MetricFacts(
        name="fvd[i3d]",
        version=1,
        family="realism",
        unit="",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=10000.0,
        networks=ENCODER.networks,
        summary="Frechet video distance in I3D features of 16 frames from onset to offset; never ranked on.",
        source="Unterthiner et al., FVD, 2019; I3D of Kinetics-400 as TorchScript (StyleGAN-V, CVPR 2022)",
        decimals=1,
        per="set",
        ranked=False,
        traps=(
            "Papers choose other frames, sizes and numbers of clips: compare columns of one run, not with papers.",
            "It sees single frames better than motion (Ge et al., CVPR 2024).",
        ),
    ),
    ENCODER,
    frechet,
)
