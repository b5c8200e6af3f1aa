"""Frechet Inception distance, shown because papers print it."""

from __future__ import annotations

from mebench.metrics.contract import MetricFacts
from mebench.metrics.encoders.inception import ENCODER
from mebench.metrics.set_metric import SetMetric
from mebench.statistics.distances import frechet

METRIC = SetMetric(
    MetricFacts(
        name="fid[inception]",
        version=1,
        family="realism",
        unit="",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=10000.0,
        networks=ENCODER.networks,
        summary="Frechet Inception distance, one vector a clip; shown beside its floor, never ranked on.",
        source="Heusel et al., NeurIPS 2017, eq. 6",
        decimals=1,
        per="set",
        ranked=False,
        traps=(
            "It falls with the number of clips: hold it against its floor, two halves of the real set of the same size.",
            "It prefers outputs that vary 10 % too little to perfect ones, at every size up to 1600.",
        ),
    ),
    ENCODER,
    frechet,
)
