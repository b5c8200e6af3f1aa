"""Metrics of a whole set of clips: vectors clip by clip, and one distance of the made set from the real one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from mebench.metrics.contract import MetricFacts
from mebench.metrics.encoders.clip_vector import ClipEncoder, PairVectors
from mebench.metrics.sample import Sample
from mebench.statistics.distances import Distance
from mebench.statistics.interval import CONFIDENCE
from mebench.statistics.set_score import SetScore, set_score


@dataclass(frozen=True)
class Member:
    """One clip of the sets: its vectors, and the subjects whom its output and its real clip show."""

    vectors: PairVectors
    source_subject: Hashable
    driving_subject: Hashable


@dataclass(frozen=True)
class SetMetric:
    """facts: with ``per="set"``. encoder: of the clips. distance: of the two sets. scale: factor of the shown number."""

    facts: MetricFacts
    encoder: ClipEncoder
    distance: Distance
    scale: float = 1.0

    def features(self, sample: Sample) -> PairVectors:
        """The vectors of one clip; they are stored, and the number is made of the stored ones."""
        return self.encoder.encode(sample)

    def combine(self, members: Sequence[Member], confidence: float = CONFIDENCE) -> SetScore:
        """The distance of outputs and real clips, in luma when any clip has no colour."""
        colour = all(m.vectors.made.colour is not None and m.vectors.real.colour is not None for m in members)
        pick = "colour" if colour else "luma"
        made = np.array([getattr(m.vectors.made, pick) for m in members], dtype=np.float64)
        real = np.array([getattr(m.vectors.real, pick) for m in members], dtype=np.float64)
        owners = [m.driving_subject if m.vectors.real_is_driving else m.source_subject for m in members]
        score = set_score(made, real, [m.source_subject for m in members], owners, self.distance, confidence)
        return score.scaled(self.scale)
