"""How far the size of the output's motion is from that of the exact motion, point by point."""

from __future__ import annotations

import numpy as np

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample
from mebench.metrics.truth.flow_epe import FRAMES

MOVING = 0.25
"""Share of the largest exact displacement of the clip above which a pixel counts: nearer to zero the ratio says
nothing (the flow estimator errs by 0.03 px)."""


class MagnificationError:
    """Mean of ``| |f| / |f*| - 1 |``, f the measured and f* the exact displacement from the onset.

    Over the face pixels on which the exact expression exceeds a quarter of its largest length, in twelve frames between
    onset and offset and at the apex. Where a magnified answer is asked for, this is the magnification error of Pan et
    al., divided by the factor, with the exact motion in the place of the measured one.
    """

    facts = MetricFacts(
        name="magnification_error",
        version=1,
        family="truth",
        unit="of the true motion",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=16.0,
        networks=(),
        summary="Mean relative error of the size of the motion where the face moves, onset to offset.",
        source="Pan, Geng, Owens, NeurIPS 2023 (arXiv 2311.17056), magnification error; flow: dis-fine",
        traps=("A motion of the right size in a wrong direction has no error.",),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 16; :class:`~mebench.errors.Unavailable` without a truth or where the truth does not move."""
        frames = sample.spread(FRAMES, sample.onset + 1, sample.offset)
        peak, errors = 0.0, []
        exact = {frame: sample.exact_flow(frame, "au") for frame in frames}
        for flow, valid in exact.values():
            peak = max(peak, float(np.hypot(flow[..., 0], flow[..., 1])[valid].max(initial=0.0)))
        for frame, (flow, valid) in exact.items():
            moving = valid & (np.hypot(flow[..., 0], flow[..., 1]) > MOVING * peak)
            if peak > 0.0 and moving.any():
                whole, _ = sample.exact_flow(frame)
                true = np.hypot(whole[..., 0], whole[..., 1])[moving]
                ours = np.hypot(sample.output_flows[frame, ..., 0], sample.output_flows[frame, ..., 1])[moving]
                # Head motion may cancel the expression at a point; the ratio is bounded there.
                ratio = np.abs(ours - true) / np.maximum(true, MOVING * peak)
                errors.append(float(ratio.mean(dtype=np.float64)))
        if not errors:
            raise Unavailable("the true answer does not move.")
        return min(self.facts.worst, float(np.mean(errors)))


METRIC = MagnificationError()
