"""The pictures of one clip: its panels, which of them may be shown, and the sheet that holds their frames."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.datasets.contract import Dataset
from mebench.datasets.publication import Party, Released, Withheld, copy_refusal, motion_refusal, refusal, release
from mebench.errors import Unavailable
from mebench.metrics.sample import Sample
from mebench.protocol import Task
from mebench.runs.inputs import TaskInputs
from mebench.runs.page.magnified import expression, factor_for, magnify, peak
from mebench.runs.page.sheet import Sheet, encode, scaled, sheet

THUMBNAIL = 96
"""Pixels: twice the size at which the picker shows it, for dense screens."""


@dataclass(frozen=True)
class Panel:
    """One square of the player. shown: pictures that were released, uint8 ``[T,S,S,3]`` or ``[1,S,S,3]`` for a still, or
    why there are none. magnified: the factor, None for a panel as it is. role: ``source``, ``driving``, ``output`` or
    ``reference``; it decides the colour."""

    name: str
    role: str
    shown: Released | Withheld
    magnified: int | None = None

    @property
    def frames(self) -> Pixels | None:
        """What the player draws; None when nothing may be shown."""
        return self.shown.frames if isinstance(self.shown, Released) else None


@dataclass(frozen=True)
class Pictures:
    """What the page keeps of a clip: the panels in order, the sheet (None when nothing may be shown), a thumbnail."""

    panels: list[Panel]
    sheet: Sheet | None
    thumbnail: str | None

    @property
    def stand_in_note(self) -> str | None:
        """What the reader is told when arrows stand in the place of pictures; None when none do."""
        if any(panel.frames is not None and panel.shown.note for panel in self.panels):
            return (
                "Pictures that may not be published are replaced by arrows: the measured motion of the face, enlarged."
            )
        return None

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
                    "note": panel.shown.note,
                    "start": start if shown else None,
                    "still": shown and len(panel.frames) == 1,
                }
            )
            start += len(panel.frames) if panel.frames is not None else 0
        return described


def pictures(task: Task, dataset: Dataset, output: Pixels, seen: tuple[Party, Party], source: Dataset) -> Pictures:
    """Everything that the player shows of ``task``. output: uint8 ``[T,S,S,3]``, the stored clip. dataset, source: of the
    driving clip and of the source. seen: whose identity and whose motion the pictures show.

    Where pictures may not be shown, arrows of the measured motion stand in their place.
    """
    sample = TaskInputs(task, dataset, source).sample(output)
    identity, driver = seen
    generated = copy_refusal(seen, output, (sample.source, sample.driving))
    true = sample.truth.frames if sample.truth is not None else None
    reference, reference_reason = sample.driving, refusal([driver], "recorded")
    if true is not None:
        reference, reference_reason = true, refusal(seen, "recorded")
    face = face_region(sample)
    expected = expression(reference, sample.onset, face)
    factor = factor_for(peak(expected, sample.onset, sample.offset), reference.shape[1])

    @cache
    def achieved() -> NDArray[np.float32]:
        return expression(sample.output, sample.onset, face)

    still = motion_refusal(seen) is not None  # then nothing stands in the place of a picture
    arrows = {} if still else {"motion": lambda: expected, "factor": factor}
    own_arrows = {} if still else {"motion": achieved, "factor": factor}
    panels = [
        Panel("Source", "source", release(sample.source[None], refusal([identity], "recorded"))),
        Panel("Driving clip", "driving", release(sample.driving, refusal([driver], "recorded"), **arrows)),
        Panel("Output", "output", release(output, generated, **own_arrows)),
    ]
    if true is not None:
        panels.append(Panel("True answer", "reference", release(true, reference_reason, **arrows)))
    role, name = ("reference", "True answer") if true is not None else ("driving", "Driving clip")
    larger = magnify(sample.output, achieved(), factor) if generated is None else sample.output
    panels.append(Panel("Output", "output", release(larger, generated), factor))
    larger = magnify(reference, expected, factor) if reference_reason is None else reference
    panels.append(Panel(name, role, release(larger, reference_reason), factor))
    tiles = [panel.frames for panel in panels if panel.frames is not None]
    return Pictures(panels, sheet(np.concatenate(tiles)) if tiles else None, _thumbnail(panels[2], task.apex))


def film_panels(sample: Sample, seen: tuple[Party, Party]) -> tuple[list[Panel], list[NDArray[np.float32] | None]]:
    """The panels of a clip as recorded and generated, without magnified ones, and the expression's motion in each (float32
    ``[T,S/2,S/2,2]``, see :func:`~mebench.runs.page.magnified.expression`): None for a still and wherever the picture
    itself may not be shown."""
    identity, driver = seen
    onset, face = sample.onset, face_region(sample)
    true = sample.truth.frames if sample.truth is not None else None
    clips: list[tuple[str, str, Pixels, str | None]] = [
        ("Driving clip", "driving", sample.driving, refusal([driver], "recorded")),
        ("Output", "output", sample.output, copy_refusal(seen, sample.output, (sample.source, sample.driving))),
    ]
    if true is not None:
        clips.append(("True answer", "reference", true, refusal(seen, "recorded")))
    moved = [expression(frames, onset, face) for _, _, frames, _ in clips]
    factor = factor_for(peak(moved[0 if true is None else 2], onset, sample.offset), sample.output.shape[1])
    panels = [Panel("Source", "source", release(sample.source[None], refusal([identity], "recorded")))]
    for (name, role, frames, reason), motion in zip(clips, moved, strict=True):
        arrows = partial(_given, motion) if motion_refusal(seen) is None else None
        panels.append(Panel(name, role, release(frames, reason, arrows, factor)))
    return panels, [None, *(m if reason is None else None for (_, _, _, reason), m in zip(clips, moved, strict=True))]


def _given(motion: NDArray[np.float32]) -> NDArray[np.float32]:
    return motion


def _thumbnail(panel: Panel, apex: int) -> str | None:
    if panel.frames is None:
        return None
    small = encode(scaled(panel.frames[apex], THUMBNAIL), 80)
    return "data:image/jpeg;base64," + base64.b64encode(small).decode("ascii")


def face_region(sample: Sample) -> NDArray[np.bool_]:
    """The face on the onset frame; without landmarks, the ellipse in which a cropped face lies."""
    try:
        return sample.face
    except Unavailable:
        height, width = sample.output.shape[1:3]
        y, x = np.mgrid[:height, :width]
        return ((x / width - 0.5) / 0.36) ** 2 + ((y / height - 0.52) / 0.46) ** 2 <= 1.0
