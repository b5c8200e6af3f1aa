"""The sweep of set metrics: the spoiled clips of all people together, held against the perfect ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mebench.metrics.encoders.clip_vector import ClipVector, PairVectors
from mebench.metrics.set_metric import Member, SetMetric
from mebench.runs.validate.degradations import DEGRADATIONS

DIGITS = 7
"""Of a kept vector's numbers: single precision."""

SetAnswers = dict[str, dict[str, list[float | None]]]
"""By degradation: ``values`` and ``p_values``, one a level."""


def as_lists(pair: PairVectors) -> list[list[float] | None]:
    """Colour and luma of the made clip, colour and luma of the real one, as JSON values."""
    vectors = (pair.made.colour, pair.made.luma, pair.real.colour, pair.real.luma)
    return [None if v is None else [float(f"{x:.{DIGITS}g}") for x in v.tolist()] for v in vectors]


def set_answers(metric: SetMetric, clips: Mapping[str, Mapping[str, Sequence[Any]]]) -> SetAnswers:
    """The distance of the clips spoiled by each level from the perfect ones. clips: by key of the clip and degradation the
    kept vectors (:func:`as_lists`) a level."""
    found: SetAnswers = {}
    for degradation in DEGRADATIONS:
        values: list[float | None] = []
        chances: list[float | None] = []
        for level in range(len(degradation.levels)):
            score = metric.combine(
                [
                    Member(_pair(kept[degradation.name][level]), *[key.rpartition("-")[0]] * 2)
                    for key, kept in clips.items()
                    if kept[degradation.name][level] is not None
                ]
            )
            values.append(score.value)
            chances.append(score.p_value)
        found[degradation.name] = {"values": values, "p_values": chances}
    return found


def _pair(lists: Sequence[Sequence[float] | None]) -> PairVectors:
    made_colour, made, real_colour, real = (None if v is None else np.asarray(v, dtype=np.float32) for v in lists)
    assert made is not None and real is not None
    return PairVectors(ClipVector(made_colour, made), ClipVector(real_colour, real), real_is_driving=False)
