"""The training of PWCLite on rendered pairs of the training domain, small by default: unsupervised, or from exact motion.

L. Liu et al., "Learning by Analogy", CVPR 2020, arXiv 2003.13045: its first stage, the photometric loss on visible
pixels with smoothness (:mod:`mebench.training.arflow_loss`). No exact motion takes part in it; it serves to measure people
that were held out. Micro-motion alone is too small to start from, so the second frame is also moved as a whole. With
``known`` the network learns from the motion that the pairs were rendered with (:mod:`mebench.training.pwclite_known`), which
takes it further in the same time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from mebench.files import write_whole
from mebench.motion.pwclite import PwcLite, PwcLiteConfig
from mebench.motion.warp import warp
from mebench.training.arflow_loss import arflow_loss
from mebench.training.curve import draw_curve
from mebench.training.flowmag_lite_data import CROP, ON_FACE, rendered_pairs
from mebench.training.loop import Run, learning_rate, train, write_log
from mebench.training.pwclite_known import COARSE, SHARES, displacement, known_loss, known_pair, whole_motion
from mebench.training.pwclite_start import start

VALIDATED_SIDE = 192
"""Side of the centre crop on which held-out people are measured, a multiple of 64."""

_COARSE_SIDE = 64

_STARTED_ON = 16
"""Frames on which the first features are scaled."""


@dataclass(frozen=True)
class FlowPreset:
    """Everything that decides the result. people, pairs: identities of domain ``t`` and pairs of each; the last
    ``held_out`` people are for validation. side: of the training crops in pixels, a multiple of 64. width: see
    :class:`~mebench.motion.pwclite.PwcLiteConfig`; 1 is the published network. known: learn from exact motion, at first in
    ``coarse`` crops of 64 pixels, where many fit into a step; there the coarsest levels see one pixel, so the rest of the
    training has crops of ``side``."""

    people: int = 48
    pairs: int = 24
    held_out: int = 4
    steps: int = 1100
    batch: int = 4
    side: int = 128
    rate: float = 1e-3
    width: float = 0.5
    seed: int = 0
    known: bool = False
    coarse: int = 16


SHIPPED = FlowPreset(steps=4000, batch=2, side=192, width=0.25, known=True)
"""What ``pwclite-lite`` was trained with."""


class FlowRecipe:
    """One network, its optimiser and its data (see :class:`mebench.training.loop.Recipe`)."""

    def __init__(self, people: list[NDArray[np.void]], preset: FlowPreset) -> None:
        torch.manual_seed(preset.seed)
        self.preset = preset
        split = len(people) - preset.held_out
        self._training = [pair for person in people[:split] for pair in person]
        self._validation = [pair for person in people[split:] for pair in person]
        rng = np.random.default_rng([preset.seed, 0, 0])
        some = rng.integers(len(self._training), size=_STARTED_ON)
        seen = torch.cat([two_frames(self._training[number], rng, preset.side)[:1] for number in some])
        self.network: torch.nn.Module = start(PwcLite(PwcLiteConfig(width=preset.width)), seen)
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
            self.network.parameters(), lr=preset.rate, betas=(0.9, 0.999)
        )

    def step(self, index: int, progress: float) -> dict[str, float]:
        rng = np.random.default_rng([self.preset.seed, index])
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, self.preset.rate, hold=0.5)
        coarse = self.preset.known and progress < COARSE
        count = self.preset.coarse if coarse else self.preset.batch
        chosen = [self._training[number] for number in rng.integers(len(self._training), size=count)]
        losses = self._known(chosen, rng, coarse) if self.preset.known else self._seen(chosen, rng)
        self.optimizer.zero_grad()
        torch.autograd.backward(losses["loss"])
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _seen(self, pairs: list[np.void], rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """Without labels."""
        first, second = torch.stack([two_frames(pair, rng, self.preset.side) for pair in pairs]).unbind(1)
        flows = self.network(torch.cat((first, second), 1), with_backward=True)
        terms = arflow_loss(first, second, flows.forward, flows.backward)
        return {"loss": terms.total, "photometric": terms.photometric}

    def _known(self, pairs: list[np.void], rng: np.random.Generator, coarse: bool) -> dict[str, torch.Tensor]:
        """From the motion that the pairs were rendered with."""
        side, shares = (_COARSE_SIDE, (1.0,)) if coarse else (self.preset.side, SHARES)
        made = [known_pair(pair, rng, side, shares) for pair in pairs]
        frames, exact, weight = map(torch.stack, zip(*made, strict=True))
        return {"loss": known_loss(self.network(frames.flatten(1, 2)).forward, exact, weight)}

    def validate(self) -> dict[str, float]:
        """Mean end-point error in the face against the exact motion on held-out people, px: of the network, of DIS
        (fine), and of no motion."""
        errors: dict[str, list[float]] = {}
        cut = slice((CROP - VALIDATED_SIDE) // 2, (CROP + VALIDATED_SIDE) // 2)
        for pair in self._validation:
            on = pair["place"][cut, cut] == ON_FACE
            if not on.any():
                continue
            exact = (pair["head"].astype(np.float32) + pair["expression"].astype(np.float32))[cut, cut]
            images = [torch.from_numpy(pair[name][cut, cut].copy()) for name in ("reference", "frame")]
            with torch.no_grad():
                frames = torch.cat([image.movedim(-1, 0) for image in images])[None] / 255.0
                found = self.network(frames).forward[0][0].movedim(0, -1).numpy()
            measured = {"network": found, "dis": pair["flow"][cut, cut].astype(np.float32), "still": 0.0 * exact}
            for name, flow in measured.items():
                errors.setdefault(f"held_out_{name}", []).append(float(np.hypot(*(flow - exact)[on].T).mean()))
        return {name: float(np.mean(values)) for name, values in errors.items()}


def two_frames(pair: np.void, rng: np.random.Generator, side: int) -> torch.Tensor:
    """Two of the three pictures of a pair, the second moved as a whole: one random crop, mirrored half of the time, with
    another colour balance. float32 ``[2,3,S,S]`` in [0,1]."""
    names = rng.permutation(["reference", "frame", "target"])[:2]
    images = torch.from_numpy(np.stack([pair[name] for name in names])).movedim(-1, 1) / 255.0
    images = torch.cat((images[:1], warp(images[1:], displacement(*whole_motion(rng)))))
    top, left = (int(value) for value in rng.integers(CROP - side + 1, size=2))
    images = images[..., top : top + side, left : left + side]
    if rng.random() < 0.5:
        images = images.flip(-1)
    gain = torch.from_numpy(rng.uniform(0.8, 1.15, size=3)).float()[:, None, None]
    return (images * gain).clamp(0.0, 1.0)


def train_pwclite(
    preset: FlowPreset,
    out: Path,
    *,
    say: Callable[[str], None],
    stop_at: int | None = None,
    checkpoint_seconds: float = 120.0,
) -> Path:
    """Train on one thread and give the weight file ``out/pwclite-lite.safetensors``; continues an interrupted run.

    Beside it: ``pwclite-lite.csv`` (log), ``pwclite-lite.png`` (curve), ``checkpoint.pt``. The pairs are those of
    ``flowmag-lite``, rendered once into mebench's cache.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    recipe = FlowRecipe(rendered_pairs(preset.people, preset.pairs, preset.seed, say), preset)
    weights = out / "pwclite-lite.safetensors"

    def publish(step: int) -> None:
        about = {"trained_on": "synme, training domain t", "preset": json.dumps(asdict(preset)), "step": str(step)}
        tensors = {name: tensor.detach().contiguous().clone() for name, tensor in recipe.network.state_dict().items()}
        write_whole(weights, lambda temporary: save_file(tensors, temporary, metadata=about))

    run = Run(preset.steps, out, identity=asdict(preset), checkpoint_seconds=checkpoint_seconds)
    rows = train(recipe, run, say=say, published=publish, stop_at=stop_at)
    write_log(out / "pwclite-lite.csv", rows)
    # In the small crops of the beginning the coarsest levels learn nothing that holds on whole frames.
    shown = [row for row in rows if not preset.known or row["step"] > COARSE * preset.steps]
    if shown:
        draw_curve(shown, ["held_out_network", "held_out_dis", "held_out_still"], out / "pwclite-lite.png")
    return weights
