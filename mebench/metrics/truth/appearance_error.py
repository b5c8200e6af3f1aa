"""Wrinkles, shading and teeth: the change of colour that motion does not explain."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample
from mebench.motion.flow import Flow

FRAMES = 12
"""Judged frames, as in ``flow_epe``."""


class AppearanceError:
    """``<|A_out - A_true|>``: A the picture carried back to the onset by its own motion, minus the onset frame.

    ``A_t(p) = I_t(p + u_t(p)) - I_onset(p)``, u the measured flow of each clip, over the face, RGB, twelve evenly spaced
    frames between onset and offset and the apex. Motion of the wrong size does not count, colour that should have
    changed and did not does. A still clip scores the mean true change.
    """

    facts = MetricFacts(
        name="appearance_error",
        version=1,
        family="truth",
        unit="grey levels",
        direction="lower",
        ceiling=0.0,
        floor=None,
        worst=255.0,
        networks=(),
        summary="Error of the change in colour that is not motion, such as wrinkles and shading, on the face.",
        source="residual of flow-compensated frames against that of the true answer; flow: dis-fine",
        decimals=2,
        traps=(
            "Sensor noise counts: fresh noise of 2 grey levels adds about as much as the wrinkles of a micro-expression.",
            "What the estimator cannot follow is left over in both clips and partly cancels.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 255; :class:`~mebench.errors.Unavailable` without a truth."""
        if sample.truth is None:
            raise Unavailable("the true change of appearance is known on the open set alone.")
        frames = sample.spread(FRAMES, sample.onset + 1, sample.offset)
        made = _change(sample.comparable[0], sample.output_flows, frames, sample)
        return min(255.0, float(np.abs(made - sample.once_a_task(_true_change)).mean(dtype=np.float64)))


def _true_change(sample: Sample) -> NDArray[np.float32]:
    frames = sample.spread(FRAMES, sample.onset + 1, sample.offset)
    return _change(sample.comparable[1], sample.reference_flows, frames, sample)


def _change(clip: Pixels, flows: Flow, frames: list[int], sample: Sample) -> NDArray[np.float32]:
    """float32 ``[K,N,3]``: change of colour of the N pixels of the face at the frames."""
    rows, columns = np.mgrid[: clip.shape[1], : clip.shape[2]].astype(np.float32)
    start = clip[sample.onset][sample.face].astype(np.float32)
    changes = []
    for t in frames:
        at = (columns + flows[t, ..., 0], rows + flows[t, ..., 1])
        carried = cv2.remap(clip[t], *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        changes.append(carried[sample.face].astype(np.float32) - start)
    return np.stack(changes)


METRIC = AppearanceError()
