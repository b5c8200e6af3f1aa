"""Flicker of the picture: brightness that changes from frame to frame where the reference is quiet."""

from __future__ import annotations

import numpy as np

from mebench.clip import Pixels
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample
from mebench.motion.flow import grey


class LumaFlicker:
    """Root mean square of the second difference in time of the luma over the whole picture, above the reference's.

    ``sqrt(max(0, <(y_{t-1} - 2 y_t + y_{t+1})^2>_out - < >_ref) / 6)``: 6 is what independent noise of variance 1 gives,
    so fresh noise of 2 grey levels reads 2.
    """

    facts = MetricFacts(
        name="flicker[luma]",
        version=1,
        family="realism",
        unit="grey levels",
        direction="lower",
        ceiling=0.0,
        floor=0.0,
        worst=255.0,
        networks=(),
        summary="Brightness that changes from frame to frame, above the reference's.",
        source="second difference of the luma (Rice, Annals of Statistics 12, 1984, for the factor 6)",
        decimals=2,
        traps=("A still clip has none: it says nothing of motion.", "Slow drifts do not count."),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 255."""
        excess = changing(sample.output) - sample.once_a_task(_reference)
        return min(255.0, float(np.sqrt(max(0.0, excess))))


def changing(frames: Pixels) -> float:
    """Variance of the noise between frames of a clip ``[T,H,W,3]``, squared grey levels; 0 for two frames."""
    if len(frames) < 3:
        return 0.0
    luma = [grey(frame).astype(np.int16) for frame in frames]
    bends = (before - 2 * now + after for before, now, after in zip(luma, luma[1:], luma[2:], strict=False))
    return float(np.mean([np.square(bend.astype(np.float32)).mean(dtype=np.float64) for bend in bends])) / 6.0


def _reference(sample: Sample) -> float:
    return changing(sample.reference)


METRIC = LumaFlicker()
