"""The one door through which pictures of faces leave: what a licence forbids is refused and shown as motion instead.

Everything that may reach other people (the page of a run, a submission, the site) takes :class:`Released` frames, and
only :func:`release` makes them. The default of a recorded database is that nothing of it may be shown: no frame, no crop,
no magnified or difference image, and nothing generated from it, because a generated clip shows the source's identity and
the driver's motion. Files for work on this machine are another matter: they are written on request into folders that say
what they are (:func:`keep_private`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.datasets.contract import Terms
from mebench.datasets.nobody import GRID, OUTLINE
from mebench.errors import InputError
from mebench.files import write_text

PRIVATE = "NOT-FOR-PUBLICATION.txt"
"""Stands in folders whose pictures must stay on this machine."""

COPY = 2.0
"""Mean difference in levels of 255 below which an output frame counts as a frame of the dataset: lossy storage of one
and the same picture differs by less, two frames of a recorded face with sensor noise in them by more."""

Made = Literal["recorded", "generated"]
"""``recorded``: frames of a dataset, or pixels computed from them alone. ``generated``: what a method made of them."""


@dataclass(frozen=True)
class Party:
    """A person in a picture: as whose identity, or as whose motion. terms: of the dataset that the person comes from."""

    terms: Terms
    subject: str

    @property
    def listed(self) -> bool:
        """Whether the owner of the data allows this very person to be shown."""
        return self.subject in self.terms.publishable_subjects


class Released:
    """Pictures that may be shown to anybody. frames: uint8 ``[T,S,S,3]``. note: why motion stands in the place of the
    picture; None when it is the picture. Made by :func:`release` alone."""

    __slots__ = ("frames", "note")

    def __init__(self, frames: Pixels, note: str | None, key: object) -> None:
        if key is not _KEY:
            raise TypeError("frames are released by mebench.datasets.publication.release alone")
        self.frames = frames
        self.note = note


_KEY = object()


@dataclass(frozen=True)
class Withheld:
    """What stands in the place of pictures that may not be shown. note: the sentence for the reader."""

    note: str


def refusal(parties: Iterable[Party], made: Made) -> str | None:
    """None when a picture of ``parties`` may be shown, else the sentence that stands in its place."""
    for party in parties:
        if party.listed or party.terms.may_show_frames:
            continue
        if made == "recorded":
            return f"Not shown: its licence{_named(party)} does not allow frames of this dataset to be published."
        if not party.terms.may_show_generated:
            return f"Not shown: its licence{_named(party)} does not allow clips generated from this dataset to be published."
    return None


def motion_refusal(parties: Iterable[Party]) -> str | None:
    """None when measured motion of ``parties`` may stand in the place of a picture, else the sentence that says why not even
    that may."""
    for party in parties:
        if not (party.terms.may_show_motion or party.terms.may_show_frames or party.listed):
            return f"Not shown: its licence{_named(party)} allows neither frames of this dataset nor its motion to be published."
    return None


def copy_refusal(parties: Sequence[Party], output: Pixels, recorded: Sequence[Pixels]) -> str | None:
    """As :func:`refusal` for a generated clip that may hold frames of the dataset itself, whatever the terms say of
    generated clips. output: uint8 ``[T,S,S,3]``; recorded: clips of that shape, or stills ``[S,S,3]``."""
    reason = refusal(parties, "generated")
    if reason or refusal(parties, "recorded") is None:
        return reason
    copies = [
        min(_difference(frame, clip if clip.ndim == 3 else clip[index]) for clip in recorded) < COPY
        for index, frame in enumerate(output)
    ]
    if 2 * sum(copies) <= len(copies):
        return None
    blamed = next(party for party in parties if refusal([party], "recorded"))
    return f"Not shown: this output copies frames of the dataset, and its licence{_named(blamed)} does not allow that."


def release(
    frames: Pixels, reason: str | None, motion: Callable[[], NDArray[np.float32]] | None = None, factor: float = 1.0
) -> Released | Withheld:
    """The only way to :class:`Released` frames.

    frames: uint8 ``[T,S,S,3]``. reason: what :func:`refusal` or :func:`copy_refusal` said. motion: displacement from the
    onset frame, float32 ``[T,h,w,2]`` in pixels of S, rendered as arrows ``factor`` times as long where the frames may
    not be shown; without it they are withheld altogether.
    """
    if reason is None:
        return Released(frames, None, _KEY)
    if motion is None:
        return Withheld(reason)
    return Released(motion_rendering(motion(), frames.shape[1], factor), reason, _KEY)


def motion_rendering(motion: NDArray[np.float32], side: int, factor: float = 1.0) -> Pixels:
    """Arrows on the outline of no one in particular: uint8 ``[T,side,side,3]``.

    Of ``motion`` (float32 ``[T,h,w,2]``) the mean of each of ``GRID x GRID`` cells is drawn, and nothing else.
    """
    centres = (np.arange(GRID) + 0.5) * side / GRID
    face = _nobody(side)
    rendered = np.empty((len(motion), side, side, 3), dtype=np.uint8)
    for index, field in enumerate(motion):
        coarse = coarse_motion(field) * factor
        picture = face.copy()
        for row, column in zip(*np.nonzero(np.hypot(coarse[..., 0], coarse[..., 1]) >= 0.5), strict=True):
            start = np.array([centres[column], centres[row]])
            ends = [tuple(np.rint(16 * point).astype(int).tolist()) for point in (start, start + coarse[row, column])]
            cv2.arrowedLine(picture, ends[0], ends[1], (20, 60, 160), max(1, side // 160), cv2.LINE_AA, 4, 0.35)
        rendered[index] = picture
    return rendered


def coarse_motion(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each of ``GRID x GRID`` cells of ``field``, float32 ``[h,w,2]``: all that may be drawn of it."""
    return np.asarray(cv2.resize(np.nan_to_num(field), (GRID, GRID), interpolation=cv2.INTER_AREA), dtype=np.float32)


def keep_private(folder: Path, terms: Iterable[tuple[str, Terms]]) -> bool:
    """Write into ``folder`` that its pictures must not be passed on, when the terms of any dataset (name, terms) ask for
    it; gives whether they do."""
    gated = {name: each for name, each in terms if not (each.may_show_frames and each.may_show_generated)}
    if gated:
        names = "\n".join(f"* {name}: {each.licence}" for name, each in sorted(gated.items()))
        write_text(
            folder / PRIVATE,
            "This folder holds pictures of, or made from, datasets whose licences do not allow them to be passed on:\n\n"
            f"{names}\n\nKeep it on this machine. Scores and plots may be published; pictures may not.\n",
        )
    return bool(gated)


def refuse_unless_private(what: str, terms: Iterable[tuple[str, Terms]], private: bool) -> None:
    """:class:`InputError` when files of gated datasets are to be written and ``private`` does not allow it."""
    for name, each in terms:
        if not private and not each.may_show_frames:
            raise InputError(
                f"{what} writes frames of '{name}', whose licence ({each.licence}) does not allow them to be passed on; "
                "add --private when the folder stays on this machine."
            )


def _nobody(side: int) -> Pixels:
    """The outline of a face in the framing of the open set: the same for everybody."""
    picture = np.full((side, side, 3), 246, dtype=np.uint8)
    ink, width = (205, 205, 205), max(1, side // 160)

    for x, y, across, down, start, end in OUTLINE:
        centre, axes = (round(x * side), round(y * side)), (round(across * side), round(down * side))
        cv2.ellipse(picture, centre, axes, 0, start, end, ink, width, cv2.LINE_AA)
    return picture


def _difference(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first.astype(np.int16) - second).mean())


def _named(party: Party) -> str:
    return f" ({party.terms.licence})" if party.terms.licence else ""
