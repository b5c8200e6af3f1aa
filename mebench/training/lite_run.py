"""The whole training of a small backbone: render, train, write the file, the log and the curve."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from mebench.datasets.synme.cache import fingerprint
from mebench.home import home
from mebench.training.curve import draw_curve
from mebench.training.face_frames import FrameSet, frame_store
from mebench.training.face_pairs import FrameStore
from mebench.training.loop import Recipe, Run, train, write_log

LOG_EVERY = 50
"""Steps between two rows of the log."""


@dataclass(frozen=True)
class LitePreset:
    """Everything that decides the result. held_out: identities of the set kept for validation. network: the
    configuration of the network, a dataclass."""

    network: Any
    steps: int
    frames: FrameSet = field(default_factory=lambda: FrameSet(identities=70, clips=9, frames=6))
    held_out: int = 6
    batch: int = 4
    seed: int = 0


@dataclass(frozen=True)
class LiteTraining:
    """What one backbone brings. name: of the weight file. recipe: from the frames and the preset. save: writes the
    network of the recipe to a path with metadata."""

    name: str
    preset: LitePreset
    recipe: Callable[[FrameStore, LitePreset], Recipe]
    save: Callable[[Any, Path, dict[str, str]], None]


def train_lite(
    training: LiteTraining,
    preset: LitePreset,
    out: Path,
    *,
    processes: int,
    say: Callable[[str], None],
    stop_at: int | None = None,
    checkpoint_seconds: float = 120.0,
) -> Path:
    """Train on one thread and give the weight file ``out/NAME.safetensors``; continues an interrupted run.

    Beside it: ``NAME.csv`` (log), ``NAME.png`` (curve) and ``checkpoint.pt``. The frames are rendered once into
    mebench's cache, for all backbones. stop_at: see :func:`mebench.training.loop.train`.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    # Filling every new tensor takes a twentieth of the time, and none is read before it is written.
    setattr(torch.utils.deterministic, "fill_uninitialized_memory", False)  # noqa: B010 (the stubs do not know it)
    wanted = preset.frames
    name = f"faces-{fingerprint()[:8]}-{wanted.first_identity}-{wanted.identities}x{wanted.clips}x{wanted.frames}"
    store = FrameStore(frame_store(wanted, home() / "training" / name, processes=processes, say=say))
    recipe = training.recipe(store, preset)
    weights = out / f"{training.name}.safetensors"

    def publish(step: int) -> None:
        about = {"trained_on": "synme, training domain t", "preset": json.dumps(asdict(preset)), "step": str(step)}
        training.save(recipe.network, weights, about)

    run = Run(preset.steps, out, asdict(preset), checkpoint_seconds=checkpoint_seconds, log_every=LOG_EVERY)
    rows = train(recipe, run, say=say, published=publish, stop_at=stop_at)
    write_log(weights.with_suffix(".csv"), rows)
    if curve := curves(rows):
        draw_curve(rows, curve, weights.with_suffix(".png"))
    return weights


def curves(rows: list[dict[str, float]]) -> list[str]:
    """Columns of the log that the curve shows: the checks on held-out people, or, when a run was too short for two of
    them, the losses."""
    if sum("ratio" in row for row in rows) > 1:
        return ["ratio", "copy_ratio", "gain"]
    return [name for name in ("motion", "image", "warped") if any(name in row for row in rows)]
