"""Verification rate: in how many frames the output still passes for the source."""

from __future__ import annotations

import numpy as np

from mebench.metrics.contract import MetricFacts
from mebench.metrics.identity.dlib_faces import POINTS, RECOGNITION, embedding
from mebench.metrics.identity.faces import faces
from mebench.metrics.sample import Sample

DISTANCE = 0.3
"""Two pictures nearer than this are accepted as one person: at this distance one in a hundred pairs of different people
of one domain of the open set's train split is (:func:`mebench.metrics.identity.verification.verify_open_set`)."""


class VerifiedDlib:
    """Share of the judged frames whose embedding lies within ``DISTANCE`` of the source image's, at a false-accept rate
    of 1 % among people of one domain. A frame in which no face is found is not verified.
    """

    facts = MetricFacts(
        name="verified[dlib]",
        version=1,
        family="identity",
        unit="share",
        direction="higher",
        ceiling=1.0,
        floor=1.0,
        worst=0.0,
        networks=(RECOGNITION, POINTS),
        summary="Share of frames that pass for the source person, at 1 % false accepts.",
        source="verification rate at a false-accept rate of 1 %; dlib face recognition ResNet (King, 2017)",
        traps=(
            "The threshold was set on 96 rendered faces (all genuine pairs pass it); dlib's for photographs is 0.6.",
            "Six frames a clip: the number is coarse for one clip and meaningful as a mean.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1; :class:`~mebench.errors.Unavailable` if no face is found in the source image."""
        found = faces(sample, embedding)
        near = [o is not None and float(np.linalg.norm(o - found.source)) < DISTANCE for o in found.output]
        return float(np.mean(near))


METRIC = VerifiedDlib()
