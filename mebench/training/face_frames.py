"""Renders the training frames of the small backbones: ordinary expressions of people of the training domain.

Every identity has a camera, light and background of its own; no benchmark domain and no benchmark identity takes part.
Frames are rendered at 256 px through the whole sensor chain and then reduced to 128 px, as the backbones do with what
they are given.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.datasets.synme.domains import TRAINING_DOMAIN
from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.kit import load_kit
from mebench.datasets.synme.plan import Plan, draw_plan
from mebench.datasets.synme.studio import Studio, person, recording
from mebench.files import write_json, write_whole
from mebench.motion.warp import resize
from mebench.training.face_pairs import RENDERED, SIZE, STRIDE

PURPOSE = "fomm-lite"
"""Names the random streams of these clips, so that they are nobody else's; the first backbone that was trained on
them is FOMM."""


@dataclass(frozen=True)
class FrameSet:
    """What is rendered. identities: people of the training domain. clips: of each. frames: of each clip, the onset
    frame first, then the apex, then random ones. first_identity: number of the first person."""

    identities: int
    clips: int
    frames: int
    first_identity: int = 0


class _Rendered(NamedTuple):
    frames: NDArray[np.uint8]
    vertices: NDArray[np.float32]
    triangle: NDArray[np.int16]
    barycentric: NDArray[np.float16]
    landmarks: NDArray[np.float32]
    labels: NDArray[np.int32]
    triangles: NDArray[np.int32]


def frame_store(wanted: FrameSet, folder: Path, *, processes: int, say: Callable[[str], None]) -> Path:
    """Render into ``folder`` unless it is complete; gives the folder that :class:`FrameStore` opens."""
    done = folder / "store.json"
    if done.exists() and json.loads(done.read_text()) == asdict(wanted):
        return folder
    parts = []
    numbers = range(wanted.first_identity, wanted.first_identity + wanted.identities)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for count, part in enumerate(pool.map(_render_identity, numbers, [wanted] * wanted.identities), 1):
            parts.append(part)
            if count % 8 == 0 or count == wanted.identities:
                say(f"rendered {count} of {wanted.identities} identities")
    for name in _Rendered._fields:
        _save(folder / f"{name}.npy", _joined([getattr(part, name) for part in parts]))
    write_json(done, asdict(wanted))
    return folder


def chosen_frames(plan: Plan, count: int, draws: Draws) -> list[int]:
    """Frame numbers: the onset, the apex, then others of the expression, without repetition if there are enough."""
    rest = [t for t in range(plan.onset + 1, plan.offset) if t != plan.apex]
    chosen = [plan.onset, plan.apex]
    while len(chosen) < count and rest:
        chosen.append(rest.pop(draws.integer(0, len(rest) - 1)))
    return chosen


def _render_identity(number: int, wanted: FrameSet) -> _Rendered:
    torch.set_num_threads(1)
    someone = person(TRAINING_DOMAIN, "train", number)
    capture = recording(someone)
    studio = Studio(someone, capture, RENDERED)
    landmarks = load_kit().landmarks
    rows: list[tuple[NDArray[Any], ...]] = []
    for clip in range(wanted.clips):
        key = (PURPOSE, TRAINING_DOMAIN, number, clip)
        plan = draw_plan(key, capture, TRAINING_DOMAIN, "ordinary")
        for order, t in enumerate(chosen_frames(plan, wanted.frames, Draws(*key, "frames"))):
            state = studio.state(plan, t)
            seen = studio.look(state)
            pixels = to_small(seen.pixels)
            kept = slice(1, None, STRIDE)
            rows.append(
                (
                    _reduced(studio.frame(state, plan.noise_key + t)),
                    pixels,
                    seen.triangle[kept, kept].astype(np.int16),
                    seen.barycentrics[kept, kept, :2].astype(np.float16),
                    pixels[landmarks],
                    np.array([number - wanted.first_identity, number * wanted.clips + clip, order], np.int32),
                )
            )
    frames, vertices, triangle, barycentric, points, labels = (np.stack(column) for column in zip(*rows, strict=True))
    mesh = studio.renderer.triangles[None]
    return _Rendered(frames, vertices, triangle, barycentric, points, labels, mesh)


def to_small(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pixel positions of the rendered frame as positions of the small one; the edges of both coincide."""
    return ((pixels + 0.5) * (SIZE / RENDERED) - 0.5).astype(np.float32)


def _reduced(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = torch.from_numpy(frame.astype(np.float32) / 255).movedim(-1, 0)[None]
    small = resize(image, SIZE)[0].movedim(0, -1)
    return (small * 255).round().to(torch.uint8).numpy()


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """One after the other along the first axis; a shorter second axis (people differ in hair) is filled with zeros."""
    longest = max(part.shape[1] for part in parts)
    rest = parts[0].ndim - 2
    return np.concatenate([np.pad(p, ((0, 0), (0, longest - p.shape[1]), *(((0, 0),) * rest))) for p in parts])


def _save(path: Path, array: NDArray[Any]) -> None:
    write_whole(path, lambda temporary: np.save(temporary, array))
