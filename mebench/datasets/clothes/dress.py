"""``mebench data export synme --as casme2``: rendered clips in the clothes of a recorded database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mebench.clip import Clip, Pixels
from mebench.datasets.clothes import casme, casme2, casme3a, casme_sq, fourdme, mmew, own_clips, samm, smic
from mebench.datasets.clothes.recording import Recording
from mebench.errors import ConfigError, InputError

Writer = Callable[[Sequence[Recording], Path], None]


@dataclass(frozen=True)
class Clothes:
    """write: puts recordings into a folder. domain: of synme that looks most like the database. fps: of the database."""

    write: Writer
    domain: str
    fps: float


CLOTHES: dict[str, Clothes] = {
    "casme": Clothes(casme.write, "b", 60.0),
    "casme2": Clothes(casme2.write, "a", 200.0),
    "samm": Clothes(samm.write, "c", 200.0),
    "smic_hs": Clothes(smic.write_hs, "d", 100.0),
    "smic_vis": Clothes(smic.write_vis, "d", 25.0),
    "smic_nir": Clothes(smic.write_nir, "d", 25.0),
    "mmew": Clothes(mmew.write, "e", 90.0),
    "fourd": Clothes(fourdme.write, "f", 60.0),
    "casme_sq": Clothes(casme_sq.write, "e", 30.0),
    "casme3a": Clothes(casme3a.write, "b", 30.0),
    "folder": Clothes(own_clips.write, "f", 60.0),
}
"""By dataset."""

WIDE = 4 / 3
"""Width over height of the written frames: recordings are wider than a face."""


def dress(name: str, clips: Sequence[Clip], folder: Path) -> int:
    """Write ``clips`` (of one domain of synme) as the database ``name`` into the empty folder ``folder``; gives how many.

    Persons are numbered in the order of the clips. Clips are brought to the frame rate of the database by leaving frames
    out, which its rate must allow. :class:`InputError` when the folder holds files, :class:`ConfigError` for a name that
    is none of :data:`CLOTHES`.
    """
    if name not in CLOTHES:
        raise ConfigError(f"there are no clothes of '{name}'; known: {', '.join(CLOTHES)}.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty; give a new folder.")
    recordings = []
    for clip in clips:
        person = 1 + list(dict.fromkeys(each.subject for each in clips)).index(clip.subject)
        number = 1 + [each.key for each in clips if each.subject == clip.subject].index(clip.key)
        recordings.append(_recording(clip, person, number, CLOTHES[name].fps))
    CLOTHES[name].write(recordings, folder)
    return len(recordings)


def _recording(clip: Clip, person: int, number: int, fps: float) -> Recording:
    step = round(clip.fps / fps)
    if step < 1 or abs(clip.fps / step - fps) > 0.01:
        raise ConfigError(f"the clip '{clip.key}' has {clip.fps:g} frames a second, no multiple of {fps:g}.")
    kept = range(clip.onset % step, clip.frames.count, step)
    frames = clip.frames.array()[kept.start :: step]
    onset = clip.onset // step
    apex = min(max(onset + 1, onset + round((clip.apex - clip.onset) / step)), len(frames) - 1)
    offset = min(max(apex, onset + round((clip.offset - clip.onset) / step)), len(frames) - 1)
    return Recording(person, number, widened(frames), onset, apex, offset, clip.action_units, clip.key)


def widened(frames: Pixels) -> Pixels:
    """uint8 ``[T,H,W,3]`` with its edges repeated to the left and the right, up to :data:`WIDE`."""
    height, width = frames.shape[1:3]
    more = max(0, round(WIDE * height) - width)
    return np.pad(frames, ((0, 0), (0, 0), (more // 2, more - more // 2), (0, 0)), mode="edge")
