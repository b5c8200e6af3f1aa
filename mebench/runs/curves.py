"""The intensity curves and the calibration of the flow estimator that a row keeps."""

from __future__ import annotations

from mebench.errors import Unavailable
from mebench.metrics.motion.calibration import calibrate
from mebench.metrics.motion.projection import project
from mebench.metrics.sample import Sample
from mebench.runs.schema import CalibrationRecord, CurvesRecord

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


def calibration(sample: Sample) -> CalibrationRecord | None:
    """What the flow estimator reads at known gains; None where the reference shows no motion."""
    try:
        found = sample.once_a_task(calibrate)
    except Unavailable:
        return None
    return {
        "estimator": found.estimator,
        "gains": list(found.gains),
        "readings": [round(reading, _DIGITS) for reading in found.readings],
        "peak_px": round(found.peak, _DIGITS),
    }
