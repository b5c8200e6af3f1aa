"""Identity preservation by dlib's face-recognition network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.metrics.contract import MetricFacts
from mebench.metrics.identity.dlib_faces import POINTS, RECOGNITION, embedding
from mebench.metrics.identity.faces import faces
from mebench.metrics.sample import Sample


class CsimDlib:
    """``1 - d``, d the Euclidean distance of 128-d embeddings of the source image and of output frames; mean over them.

    Frames: the apex and five evenly spaced ones from the first to the last. Each face is found by dlib's HOG detector
    at the scoring size (the largest one counts), aligned by five landmarks and embedded without jitter. dlib calls two
    faces the same person below d = 0.6, so 0.4 is the line between "same" and "other". A frame in which no face is
    found scores 0: whoever loses the face has lost the person.
    """

    facts = MetricFacts(
        name="csim[dlib]",
        version=1,
        family="identity",
        unit="1 - distance",
        direction="higher",
        ceiling=1.0,
        floor=1.0,
        worst=0.0,
        networks=(RECOGNITION, POINTS),
        summary="Identity similarity to the source: 1 - Euclidean distance of dlib embeddings, mean over 6 frames.",
        source="King, dlib face recognition ResNet (2017), distance threshold 0.6; weights of face_recognition_models",
        traps=(
            "A still clip is perfect: an identity metric rewards doing nothing.",
            "On rendered faces people of one domain look more alike (median distance 0.49) than photographs do.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1; :class:`~mebench.errors.Unavailable` if no face is found in the source image."""
        found = faces(sample, embedding)
        return float(np.mean([likeness(found.source, other) for other in found.output]))


def likeness(source: NDArray[np.float64], other: NDArray[np.float64] | None) -> float:
    """``max(0, 1 - |source - other|)``, 0 where there is no face."""
    return 0.0 if other is None else max(0.0, 1.0 - float(np.linalg.norm(source - other)))


METRIC = CsimDlib()
