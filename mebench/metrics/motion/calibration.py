"""What the flow estimator reads at known gains, on the very face and expression of a task.

The onset frame of the reference is moved by the field of its own expression at gains 0, 0.25, 0.5, 1 and 2; the estimator
measures, and the projection of :mod:`mebench.metrics.motion.projection` reads the gain. The curve shows by how much the
estimator under- or overstates this motion here, and that what it reads grows with the gain. The output does not enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mebench.clip import Pixels
from mebench.errors import Unavailable
from mebench.metrics.motion.fields import pixels, without
from mebench.metrics.motion.projection import nuisance_of, project
from mebench.metrics.motion.strain import SMOOTHING
from mebench.metrics.sample import Sample
from mebench.motion.flow import Flow

GAINS = (0.0, 0.25, 0.5, 1.0, 2.0)

STEPS = 5
"""Of the fixed point that turns a field around; each shrinks the error by the slope of the field, 0.2 px a pixel at most."""


@dataclass(frozen=True)
class Calibration:
    """estimator: of flow. gains: known. readings: what is read, one for each gain. peak: px, 99th percentile over the face
    of the field at gain 1, without nuisance."""

    estimator: str
    gains: tuple[float, ...]
    readings: tuple[float, ...]
    peak: float

    @property
    def monotone(self) -> bool:
        """Whether a larger gain always reads larger."""
        return bool((np.diff(self.readings) > 0.0).all())

    def corrected(self, reading: ArrayLike) -> NDArray[np.float64]:
        """Readings on this face turned back into gains, linear between the known ones and beyond the last of them.

        :class:`~mebench.errors.Unavailable` where the curve does not grow.
        """
        if not self.monotone:
            raise Unavailable("the calibration of the flow estimator does not grow with the gain on this clip.")
        read = np.asarray(reading, dtype=np.float64)
        inside = np.interp(read, self.readings, self.gains)
        steep = (self.gains[-1] - self.gains[-2]) / (self.readings[-1] - self.readings[-2])
        return np.where(read > self.readings[-1], self.gains[-1] + (read - self.readings[-1]) * steep, inside)


def calibrate(sample: Sample) -> Calibration:
    """The calibration of a task; use through ``sample.once_a_task(calibrate)``.

    The field is the exact action-unit motion at the apex where it is known, else the reference's measured motion there; it
    is smoothed like a strain's flow, so that it can be turned around. :class:`~mebench.errors.Unavailable` where the
    reference shows no measurable expression.
    """
    sample.once(project)  # says why where there is no expression
    field = _field(sample)
    nuisance = nuisance_of(sample)
    known = without(pixels(field[None], sample.face), nuisance)[0]
    readings = []
    for gain in GAINS:
        measured = sample.estimator(sample.anchor, moved(sample.anchor, gain * field))
        readings.append(float(without(pixels(measured[None], sample.face), nuisance)[0] @ known / (known @ known)))
    peak = float(np.percentile(np.hypot(*known.reshape(2, -1)), 99.0))
    return Calibration(sample.estimator.name, GAINS, tuple(readings), peak)


def moved(image: Pixels, field: Flow) -> Pixels:
    """``image`` ``[S,S,3]`` moved by ``field`` ``[S,S,2]`` (pixels, on the grid of ``image``), bicubic, rounded once."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    field = np.asarray(field, dtype=np.float32)
    back = field
    for _ in range(STEPS):
        back = _at(field, columns - back[..., 0], rows - back[..., 1], cv2.INTER_LINEAR)
    return np.asarray(_at(image, columns - back[..., 0], rows - back[..., 1], cv2.INTER_CUBIC))


def _field(sample: Sample) -> Flow:
    if sample.truth is not None:
        exact, valid = sample.exact_flow(sample.apex, "au")
        field = np.where(valid[..., None], exact, np.float32(0.0))
    else:
        field = sample.reference_flows[sample.apex]
    width = SMOOTHING * sample.inter_ocular
    return np.asarray(cv2.GaussianBlur(np.asarray(field, dtype=np.float32), (0, 0), width), dtype=np.float32)


def _at(values: Any, x: Flow, y: Flow, how: int) -> Any:
    return cv2.remap(values, x, y, how, borderMode=cv2.BORDER_REPLICATE)
