"""Which pictures a page may show: a run folder travels, and some datasets forbid that their frames do."""

from __future__ import annotations

import numpy as np

from mebench.clip import Pixels
from mebench.runs.schema import DatasetInfo

COPY = 2.0
"""Mean difference in levels of 255 below which an output frame counts as a frame of the dataset: lossy storage of one
and the same picture differs by less, two frames of a recorded face with sensor noise in them by more."""


def may_show_recorded(terms: DatasetInfo | None) -> str | None:
    """None when frames of the dataset may be shown, else the sentence that stands in their place."""
    if terms is not None and terms["may_show_frames"]:
        return None
    return f"Not shown: its licence{_named(terms)} does not allow frames of this dataset to be published."


def may_show_output(terms: DatasetInfo | None, output: Pixels, source: Pixels, driving: Pixels) -> str | None:
    """None when the output may be shown, else the sentence that stands in its place.

    An output that copies the source or the driving clip holds frames of the dataset, whatever the terms say of
    generated clips. output, driving: uint8 ``[T,S,S,3]``; source: uint8 ``[S,S,3]``.
    """
    recorded = may_show_recorded(terms)
    if recorded is None:
        return None
    if terms is None or not terms["may_show_generated"]:
        return (
            f"Not shown: its licence{_named(terms)} does not allow clips generated from this dataset to be published."
        )
    copies = [
        min(_difference(frame, source), _difference(frame, driven)) < COPY
        for frame, driven in zip(output, driving, strict=True)
    ]
    if 2 * sum(copies) > len(copies):
        return (
            f"Not shown: this output copies frames of the dataset, and its licence{_named(terms)} does not allow that."
        )
    return None


def _difference(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())


def _named(terms: DatasetInfo | None) -> str:
    return f" ({terms['licence']})" if terms is not None and terms["licence"] else ""
