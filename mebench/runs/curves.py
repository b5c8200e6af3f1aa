"""The intensity curves that a row keeps for the page."""

from __future__ import annotations

from mebench.errors import Unavailable
from mebench.metrics.motion.projection import project
from mebench.metrics.sample import Sample
from mebench.runs.schema import CurvesRecord

_DIGITS = 6
"""Decimals kept: far below what a curve can show, and it keeps rows small."""


def curves(sample: Sample) -> CurvesRecord | None:
    """Projected intensity of output and reference at every frame; None where the reference shows no motion."""
    try:
        projection = sample.once(project)
    except Unavailable:
        return None
    return {
        "fps": sample.fps,
        "onset": sample.onset,
        "apex": sample.apex,
        "offset": sample.offset,
        "unit": "intensity of the reference at its apex",
        "peak_px": round(projection.peak, _DIGITS),
        "reference": [round(float(value), _DIGITS) for value in projection.reference_curve],
        "output": [round(float(value), _DIGITS) for value in projection.output_curve],
    }
