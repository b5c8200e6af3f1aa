"""Leak of the driving person: does the output drift from the source toward whoever drives it?"""

from __future__ import annotations

import numpy as np

from mebench.errors import Unavailable
from mebench.metrics.contract import MetricFacts
from mebench.metrics.identity.dlib_faces import POINTS, RECOGNITION, embedding
from mebench.metrics.identity.faces import driving_face, faces
from mebench.metrics.sample import Sample

SAME_PERSON = 0.3
"""Embeddings nearer than this are no direction: two pictures of one person of the open set are 0.24 apart
at most (48 people, `mebench validate identity --people 8`)."""

JITTER = 0.005
"""The largest change of a clip when one in a hundred of its values moves by one level (``python benchmarks/last_bits.py
--protocol open-mini --tasks 24 --draws 3``); 0.0006 in the median."""


class LeakDlib:
    """``<o - s, d - s> / |d - s|^2``, clipped to [0, 1]: s, d and o the embeddings of source, driving onset frame and an
    output frame; mean over the judged frames in which a face is found. 0: none, 1: it is the driver's face.
    """

    facts = MetricFacts(
        name="leak[dlib]",
        version=1,
        family="identity",
        unit="share",
        direction="lower",
        ceiling=0.0,
        floor=0.0,
        worst=1.0,
        networks=(RECOGNITION, POINTS),
        summary="How far the output moves from the source's identity toward the driving person's.",
        source="projection on the line from source to driver in the embedding space of dlib's network (King, 2017)",
        traps=(
            "Only for two different people; self-reenactment has no leak.",
            "The driver's light and camera are part of an embedding: an output that takes them over leaks too.",
            "dlib's face box moves by a pixel when a last bit changes: below 0.005, single clips say nothing.",
        ),
        step=JITTER,
    )

    def score(self, sample: Sample) -> float:
        """Between 0 and 1; :class:`~mebench.errors.Unavailable` where source and driver are one person or no face is
        found in the source or the driving clip."""
        if sample.same_person:
            raise Unavailable("source and driver are the same person.")
        found = faces(sample, embedding)
        line = driving_face(sample, embedding) - found.source
        length = float(line @ line)
        if length < SAME_PERSON**2:
            raise Unavailable("source and driver look like the same person to the network.")
        shares = [float((other - found.source) @ line) / length for other in found.output if other is not None]
        return float(np.clip(shares, 0.0, 1.0).mean()) if shares else self.facts.worst


METRIC = LeakDlib()
