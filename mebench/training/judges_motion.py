"""Clips for judges at a tenth of the cost of rendering them: one rendered face a person, moved by the exact motion.

The motion from onset to apex of any plan, played by a person from the pose of a still, is known from the mesh. The clean
still and the still moved by it go through the person's camera (noise, JPEG) as onset and apex frame: what is missing
against rendered frames is shading, wrinkles, teeth. Flow is not measured on them but made of the exact motion: on rendered
clips of train people measured flow shows four fifths of the motion, and its error has a root mean square of 0.08 to
0.25 px and stays alike over about eight pixels. Validation and test clips are always rendered and measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Clip, Pixels
from mebench.datasets.synme.dataset import plan_of
from mebench.datasets.synme.keys import parse_clip
from mebench.datasets.synme.plan import draw_still
from mebench.datasets.synme.sensor import capture_frame
from mebench.datasets.synme.studio import State, Studio, recording
from mebench.detectors.observation import SIZE, Observation
from mebench.errors import InputError
from mebench.files import write_whole
from mebench.home import home
from mebench.motion.flow import Flow
from mebench.motion.warp import inverse_displacement, warp

GRID = 64
"""Side of the grid on which the exact motion is kept."""

SHOWN = (0.7, 0.95)
"""Share of the motion that measured flow shows."""

ERROR_PX = (0.06, 0.25)
"""Root mean square of the error of measured flow, both components together, at 256 px."""

ERROR_WIDTH_PX = (4.0, 7.0)
"""Standard deviation of the Gaussian that makes white noise as smooth as the estimator's error."""


@dataclass(frozen=True, eq=False)
class Moved:
    """One clip of a person. still: clean image, float16 ``[256,256,3]`` in [0,1]. motion: exact displacement from onset
    to apex, float16 ``[64,64,2]``, pixels at 256."""

    key: str
    still: NDArray[np.float16]
    motion: NDArray[np.float16]

    @property
    def frames(self) -> Pixels:
        """Still and moved still as recorded, uint8 ``[2,256,256,3]``; the noise comes from the clip's key."""
        clean = np.asarray(self.still, dtype=np.float32)
        capture = recording(parse_clip(self.key).person)
        noise = int(_random(self.key, "noise").integers(2**62))
        pictures = (clean, moved(clean, enlarged(self.motion)))
        return np.stack([capture_frame(image, capture, noise + t) for t, image in enumerate(pictures)])

    @property
    def flow(self) -> Flow:
        """The motion as measured, float32 ``[256,256,2]``; its error comes from the clip's key."""
        return as_measured(enlarged(self.motion), _random(self.key, "error"))


def _random(key: str, purpose: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{purpose} {key}".encode()).digest()[:8], "little"))


def moved_observations(
    clips: Sequence[tuple[Clip, NDArray[np.bool_]]], fingerprint: str, say: Callable[[str], None]
) -> list[Observation]:
    """An observation for each clip with its labels (bool ``[12]``); clips of one person stand together.

    Stills and motions are computed once and kept in mebench's cache. fingerprint: of the dataset.
    """
    keys = [clip.key for clip, _ in clips]
    owners = [parse_clip(key).subject for key in keys]
    people = list(dict.fromkeys(owners))
    digest = hashlib.sha256(" ".join(keys).encode()).hexdigest()[:12]
    folder = home() / "cache" / "detectors"
    motions = _stored(folder / f"motions-{fingerprint}-{digest}.npy", lambda: _motions(keys, say))
    stills = _stored(folder / f"stills-{fingerprint}-{digest}.npy", lambda: _stills(people, keys, owners, say))
    place = {name: number for number, name in enumerate(people)}
    found = []
    for (clip, present), motion in zip(clips, motions, strict=True):
        made = Moved(clip.key, stills[place[parse_clip(clip.key).subject]], motion)
        found.append(
            Observation(
                key=f"{clip.key} (moved still)",
                dataset=clip.dataset,
                domain=clip.domain,
                subject=clip.subject,
                present=present,
                onset=clip.onset,
                apex=clip.apex,
                offset=clip.offset,
                read_pair=partial(_itself, made),
                read_frames=partial(_no_frames, clip.key),
            )
        )
    return found


def enlarged(motion: NDArray[np.float16]) -> Flow:
    """``[64,64,2]`` to float32 ``[256,256,2]``; displacements are in pixels at 256 already."""
    return np.asarray(cv2.resize(motion.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR))


def moved(clean: NDArray[np.float32], motion: Flow) -> NDArray[np.float32]:
    """A clean image ``[H,W,3]`` whose points have moved by ``motion`` ``[H,W,2]``."""
    image, field = (torch.from_numpy(np.ascontiguousarray(a)).permute(2, 0, 1)[None] for a in (clean, motion))
    return np.asarray(warp(image, inverse_displacement(field), mode="bicubic")[0].permute(1, 2, 0).clamp(0, 1).numpy())


def as_measured(motion: Flow, rng: np.random.Generator) -> Flow:
    """Exact motion as the estimator would measure it, float32 ``[256,256,2]``."""
    error = cv2.GaussianBlur(
        rng.standard_normal((SIZE, SIZE, 2), dtype=np.float32), (0, 0), rng.uniform(*ERROR_WIDTH_PX)
    )
    size = np.exp(rng.uniform(*np.log(ERROR_PX)))
    error *= size / np.sqrt(np.square(error).sum(axis=-1).mean())
    return np.asarray(rng.uniform(*SHOWN) * motion + error, dtype=np.float32)


def _itself(clip: Moved) -> Moved:
    return clip


def _no_frames(key: str, indices: Sequence[int]) -> Pixels:
    raise InputError(f"the moved still of clip '{key}' has an onset and an apex frame alone.")


def _stored(path: Path, compute: Callable[[], NDArray[np.float16]]) -> NDArray[np.float16]:
    if not path.is_file():
        computed = compute()
        write_whole(path, lambda temporary: np.save(temporary, computed))
    return np.asarray(np.load(path, mmap_mode="r"))


def _motions(keys: list[str], say: Callable[[str], None]) -> NDArray[np.float16]:
    found: list[NDArray[np.float16]] = []
    studio: Studio | None = None
    seen: Any = None
    for key in keys:
        name = parse_clip(key)
        still = draw_still(_still_key(name.subject))
        if studio is None or studio.person != name.person:
            studio = Studio(name.person, recording(name.person), GRID)
            seen = studio.look(State.neutral(still))
        plan = plan_of(name).played_by(still)
        motion = studio.flow(seen, studio.state(plan, plan.apex)).displacement
        found.append(np.nan_to_num(motion * (SIZE / GRID)).astype(np.float16))
        if len(found) % 100 == 0 or len(found) == len(keys):
            say(f"exact motion of {len(found)} of {len(keys)} clips")
    return np.stack(found)


def _stills(people: list[str], keys: list[str], owners: list[str], say: Callable[[str], None]) -> NDArray[np.float16]:
    found = []
    for person in people:
        someone = parse_clip(keys[owners.index(person)]).person
        state = State.neutral(draw_still(_still_key(person)))
        renderer = Studio(someone, recording(someone)).renderer
        found.append(renderer.clean(state.au, state.blink, state.pose, state.gaze, state.exposure).astype(np.float16))
        if len(found) % 8 == 0 or len(found) == len(people):
            say(f"stills of {len(found)} of {len(people)} people")
    return np.stack(found)


def _still_key(subject: str) -> tuple[str, ...]:
    return ("judges", subject)
