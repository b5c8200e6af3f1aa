"""Identity preservation by ArcFace, when the user has an InsightFace pack."""

from __future__ import annotations

import numpy as np

from mebench.metrics.contract import MetricFacts
from mebench.metrics.identity.arcface_faces import PACK, embedding
from mebench.metrics.identity.faces import faces
from mebench.metrics.sample import Sample


class CsimArcface:
    """Cosine of the embeddings of the source image and of output frames; mean over them.

    The same frames as ``csim[dlib]``. A frame in which no face is found scores 0, and so does a negative cosine.
    """

    facts = MetricFacts(
        name="csim[arcface]",
        version=1,
        family="identity",
        unit="cosine",
        direction="higher",
        ceiling=1.0,
        floor=1.0,
        worst=0.0,
        networks=(PACK,),
        summary="Identity similarity to the source: cosine of ArcFace embeddings, mean over 6 frames.",
        source="Deng et al., ArcFace, CVPR 2019; pack buffalo_l of InsightFace (w600k_r50), detector at 640 x 640",
        traps=(
            "The weights are for non-commercial research only.",
            "Papers rarely say which ArcFace they used: numbers of another pack are not comparable.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1; :class:`~mebench.errors.MissingWeights` says where to put the pack."""
        found = faces(sample, embedding)
        return float(np.mean([0.0 if o is None else max(0.0, float(found.source @ o)) for o in found.output]))


METRIC = CsimArcface()
