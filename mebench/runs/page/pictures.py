"""The pictures of one clip: its panels, which of them may be shown, and the sheet that holds their frames."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.datasets.contract import Dataset
from mebench.errors import Unavailable
from mebench.metrics.sample import Sample
from mebench.protocol import Task
from mebench.runs.inputs import TaskInputs
from mebench.runs.page.licence import may_show_output, may_show_recorded
from mebench.runs.page.magnified import expression, factor_for, magnify, peak
from mebench.runs.page.sheet import Sheet, encode, scaled, sheet
from mebench.runs.schema import DatasetInfo

THUMBNAIL = 96
"""Pixels: twice the size at which the picker shows it, for dense screens."""


@dataclass(frozen=True)
class Panel:
    """One square of the player. frames: uint8 ``[T,S,S,3]``, ``[1,S,S,3]`` for a still, None when not shown; then
    ``note`` says why. magnified: the factor, None for a panel as it is. role: ``source``, ``driving``, ``output`` or
    ``reference``; it decides the colour."""

    name: str
    role: str
    frames: Pixels | None
    note: str | None = None
    magnified: int | None = None


@dataclass(frozen=True)
class Pictures:
    """What the page keeps of a clip: the panels in order, the sheet (None when nothing may be shown), a thumbnail."""

    panels: list[Panel]
    sheet: Sheet | None
    thumbnail: str | None

    def layout(self) -> list[dict[str, Any]]:
        """The panels as JSON: ``start`` is the index of the first tile, ``still`` whether it has one tile only."""
        described, start = [], 0
        for panel in self.panels:
            shown = panel.frames is not None
            described.append(
                {
                    "name": panel.name,
                    "role": panel.role,
                    "factor": panel.magnified,
                    "note": panel.note,
                    "start": start if shown else None,
                    "still": shown and len(panel.frames) == 1,
                }
            )
            start += len(panel.frames) if panel.frames is not None else 0
        return described


def pictures(task: Task, dataset: Dataset, output: Pixels, terms: DatasetInfo | None) -> Pictures:
    """Everything that the player shows of ``task``. output: uint8 ``[T,S,S,3]``, the stored clip."""
    sample = TaskInputs(task, dataset).sample(output)
    recorded = may_show_recorded(terms)
    generated = may_show_output(terms, output, sample.source, sample.driving)
    true = sample.truth.frames if sample.truth is not None else None
    panels = [
        _panel("Source", "source", sample.source[None], recorded),
        _panel("Driving clip", "driving", sample.driving, recorded),
        _panel("Output", "output", output, generated),
    ]
    if true is not None:
        panels.append(_panel("True answer", "reference", true, recorded))
    panels += _magnified(sample, true, recorded, generated)
    tiles = [panel.frames for panel in panels if panel.frames is not None]
    thumbnail = None
    if generated is None:
        small = encode(scaled(output[task.apex], THUMBNAIL), 80)
        thumbnail = "data:image/jpeg;base64," + base64.b64encode(small).decode("ascii")
    return Pictures(panels, sheet(np.concatenate(tiles)) if tiles else None, thumbnail)


def _magnified(sample: Sample, true: Pixels | None, recorded: str | None, generated: str | None) -> list[Panel]:
    """Output and reference (the true answer, else the driving clip) with their expression enlarged by one factor."""
    face = _face(sample)
    reference = true if true is not None else sample.driving
    role, name = ("reference", "True answer") if true is not None else ("driving", "Driving clip")
    motion = expression(reference, sample.onset, face)
    factor = factor_for(peak(motion, sample.onset, sample.offset), reference.shape[1])
    own = magnify(sample.output, expression(sample.output, sample.onset, face), factor) if generated is None else None
    other = magnify(reference, motion, factor) if recorded is None else None
    return [
        Panel("Output", "output", own, generated, factor),
        Panel(name, role, other, recorded, factor),
    ]


def _panel(name: str, role: str, frames: Pixels, note: str | None) -> Panel:
    return Panel(name, role, frames if note is None else None, note)


def _face(sample: Sample) -> NDArray[np.bool_]:
    """The face on the onset frame; without landmarks, the ellipse in which a cropped face lies."""
    try:
        return sample.face
    except Unavailable:
        height, width = sample.output.shape[1:3]
        y, x = np.mgrid[:height, :width]
        return ((x / width - 0.5) / 0.36) ** 2 + ((y / height - 0.52) / 0.46) ** 2 <= 1.0
