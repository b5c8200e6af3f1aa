"""Peak signal-to-noise ratio of the whole clip."""

from __future__ import annotations

import numpy as np

from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample

CEILING = 100.0
"""Decibel given to an exact copy, whose ratio is infinite. One grey level of error in one value of 150 000 is already
worse than this: only copies meet the cap."""


class Psnr:
    """``10 log10(255^2 / MSE)``, the squared error averaged over all frames, pixels and channels first.

    Averaging the error, and not the decibels, keeps one exactly copied frame (the onset frame of a warping method) from
    setting the score of the clip.
    """

    facts = MetricFacts(
        name="psnr",
        version=1,
        family="realism",
        unit="dB",
        direction="higher",
        ceiling=CEILING,
        floor=None,
        worst=0.0,
        networks=(),
        summary="Peak signal-to-noise ratio against the reference clip, squared error pooled over the whole clip.",
        source="10 log10(255^2 / MSE); Huynh-Thu and Ghanbari, Electronics Letters 44(13), 2008",
        decimals=2,
        traps=(
            "A still clip is nearly perfect at the amplitude of a micro-expression.",
            "Many papers print the mean of the frames' decibels, which the one frame that is copied exactly decides: not comparable.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Decibel, between 0 (black against white) and 100 (equal)."""
        output, reference = sample.comparable
        squares = 0
        for first, second in zip(output, reference, strict=True):
            difference = first.astype(np.int64) - second
            squares += int((difference * difference).sum())
        if squares == 0:
            return CEILING
        return min(CEILING, 10.0 * float(np.log10(255.0**2 * output.size / squares)))


METRIC = Psnr()
