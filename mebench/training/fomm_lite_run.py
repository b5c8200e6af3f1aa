"""The whole training of the small FOMM: render, train, write the file, the log and the curve."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from mebench.backbones.fomm.lite import LiteConfig
from mebench.backbones.fomm.lite_checkpoint import save_lite
from mebench.home import home
from mebench.training.curve import draw_curve
from mebench.training.fomm_lite import LiteRecipe
from mebench.training.fomm_lite_frames import FrameSet, frame_store
from mebench.training.fomm_lite_pairs import FrameStore
from mebench.training.loop import Run, train, write_log

LOG_EVERY = 50
"""Steps between two rows of the log."""


@dataclass(frozen=True)
class LitePreset:
    """Everything that decides the result. held_out: identities of the set kept for validation."""

    frames: FrameSet = field(default_factory=lambda: FrameSet(identities=70, clips=9, frames=6))
    held_out: int = 6
    steps: int = 3600
    batch: int = 4
    seed: int = 0
    network: LiteConfig = field(default_factory=LiteConfig)


def train_lite(
    preset: LitePreset,
    out: Path,
    *,
    processes: int,
    say: Callable[[str], None],
    stop_at: int | None = None,
    checkpoint_seconds: float = 120.0,
) -> Path:
    """Train on one thread and give the weight file ``out/fomm-lite.safetensors``; continues an interrupted run.

    Beside it: ``fomm-lite.csv`` (log), ``fomm-lite.png`` (curve) and ``checkpoint.pt``. The frames are rendered once
    into mebench's cache. stop_at: see :func:`mebench.training.loop.train`.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    wanted = preset.frames
    name = f"fomm-lite-frames-{wanted.first_identity}-{wanted.identities}x{wanted.clips}x{wanted.frames}"
    store = FrameStore(frame_store(wanted, home() / "training" / name, processes=processes, say=say))
    recipe = LiteRecipe(store, preset.held_out, seed=preset.seed, batch=preset.batch, config=preset.network)
    weights = out / "fomm-lite.safetensors"

    def publish(step: int) -> None:
        about = {"trained_on": "synme, training domain t", "preset": json.dumps(asdict(preset)), "step": str(step)}
        save_lite(recipe.network, weights, half=True, about=about)

    run = Run(preset.steps, out, asdict(preset), checkpoint_seconds=checkpoint_seconds, log_every=LOG_EVERY)
    rows = train(recipe, run, say=say, published=publish, stop_at=stop_at)
    write_log(out / "fomm-lite.csv", rows)
    if any("ratio" in row for row in rows):
        draw_curve(rows, ["ratio", "copy_ratio", "gain"], out / "fomm-lite.png")
    return weights
