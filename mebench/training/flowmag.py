"""FlowMag's self-supervised training: pairs without labels, and a frozen flow network that judges the magnified frame.

Z. Pan, D. Geng, A. Owens, "Self-Supervised Motion Magnification by Backpropagating Through Optical Flow", NeurIPS
2023, arXiv 2311.17056. The paper trains 140 epochs on 145 000 pairs of general video with four GPUs; here the pairs are
rendered faces of the training domain, and the defaults suit a single machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.errors import ConfigError
from mebench.files import write_whole
from mebench.magnification.flowmag_loss import flowmag_loss
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig
from mebench.magnification.pair_colours import recoloured
from mebench.motion.flow_networks import FlowNetwork
from mebench.motion.warp import pixel_grid, warp
from mebench.training.flowmag_lite_data import CROP, rendered_pairs
from mebench.training.loop import Run, train, write_log

_ROTATION_DEG = 15.0
_AREA = (0.7, 1.0)
"""Augmentation of the published training: the same rotation, crop and colour change for both frames."""


@dataclass(frozen=True)
class FlowMagPreset:
    """Everything that decides the result. ndf: base width of the generator (64 published). size: side of the training
    crops in pixels, a multiple of 64. rate: constant learning rate of Adam. w_colour: weight of the colour term."""

    people: int = 48
    pairs: int = 24
    held_out: int = 4
    steps: int = 20_000
    batch: int = 4
    size: int = 192
    ndf: int = 64
    rate: float = 3e-4
    w_colour: float = 10.0
    seed: int = 0


class FlowMagRecipe:
    """The generator, its optimiser and its data (see :class:`mebench.training.loop.Recipe`)."""

    def __init__(self, people: list[NDArray[np.void]], flow: FlowNetwork, preset: FlowMagPreset) -> None:
        if preset.size % 64 or preset.size > CROP:
            raise ConfigError(f"the training size must be a multiple of 64 up to {CROP}, not {preset.size}.")
        torch.manual_seed(preset.seed)
        self.preset = preset
        self.network: torch.nn.Module = FlowMag(FlowMagConfig(ndf=preset.ndf))
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(self.network.parameters(), lr=preset.rate)
        self._flow = flow
        split = len(people) - preset.held_out
        self._training = [pair for person in people[:split] for pair in person]
        self._validation = [pair for person in people[split:] for pair in person]

    def step(self, index: int, progress: float) -> dict[str, float]:
        rng = np.random.default_rng([self.preset.seed, index])
        chosen = rng.integers(len(self._training), size=self.preset.batch)
        reference, frame = _stacked([augmented(self._training[n], rng, self.preset.size) for n in chosen])
        # The factor is log-uniform in the range of the network, one for each pair.
        alpha = torch.from_numpy(2.0 ** rng.uniform(0.0, 4.0, self.preset.batch)).float()
        self.network.train()
        losses = self._losses(reference, frame, alpha)
        self.optimizer.zero_grad()
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def validate(self) -> dict[str, float]:
        self.network.eval()
        totals: dict[str, list[float]] = {}
        start = (CROP - self.preset.size) // 2
        rows = slice(start, start + self.preset.size)
        with torch.no_grad():
            for pair in self._validation:
                reference, frame = _stacked([_images(pair)])
                found = self._losses(reference[..., rows, rows], frame[..., rows, rows], torch.tensor([4.0]))
                for name, value in found.items():
                    totals.setdefault(f"held_out_{name}", []).append(float(value))
        return {name: float(np.mean(values)) for name, values in totals.items()}

    def _losses(self, reference: torch.Tensor, frame: torch.Tensor, alpha: torch.Tensor) -> dict[str, torch.Tensor]:
        painted = self.network(torch.stack((reference, frame), dim=2), alpha)[:, :, 0]
        terms = flowmag_loss(self._flow, reference, frame, painted, alpha, w_colour=self.preset.w_colour)
        return {"loss": terms.total, "magnification": terms.magnification, "colour": terms.colour}


Images = tuple[torch.Tensor, torch.Tensor]
"""Reference and frame, float32 ``[3,H,W]`` or ``[B,3,H,W]`` in [0,1]."""


def augmented(pair: np.void, rng: np.random.Generator, size: int) -> Images:
    """Both frames under one random flip, rotation up to 15 degrees, crop of 70 to 100 % of the area, and colours."""
    reference, frame = _images(pair)
    angle = math.radians(rng.uniform(-_ROTATION_DEG, _ROTATION_DEG))
    scale = math.sqrt(rng.uniform(*_AREA)) * CROP / size
    play = max(CROP - scale * size, 0.0) / 2.0
    centre = (CROP - 1) / 2.0 + rng.uniform(-play, play, size=2)
    linear = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = linear @ np.diag(rng.choice((-1.0, 1.0), size=2))
    grid = pixel_grid(CROP, CROP, reference)[:, :size, :size]
    local = (grid - (size - 1) / 2.0).flatten(1)
    there = torch.from_numpy(linear).float() @ local + torch.from_numpy(centre).float()[:, None]
    displacement = there.reshape(2, size, size) - grid
    cut = [_sample(image, displacement) for image in (reference, frame)]
    both = recoloured(torch.stack(cut), rng)
    return both[0], both[1]


def _sample(image: torch.Tensor, displacement: torch.Tensor) -> torch.Tensor:
    size = displacement.shape[-1]
    whole = torch.nn.functional.pad(displacement, (0, CROP - size, 0, CROP - size))
    return warp(image[None], whole[None], padding="reflection")[0, :, :size, :size]


def _images(pair: np.void) -> Images:
    reference, frame = (
        torch.from_numpy(pair[name].astype(np.float32) / 255.0).movedim(-1, 0) for name in ("reference", "frame")
    )
    return reference, frame


def _stacked(pairs: list[Images]) -> Images:
    return torch.stack([pair[0] for pair in pairs]), torch.stack([pair[1] for pair in pairs])


def train_flowmag(
    preset: FlowMagPreset,
    flow: FlowNetwork,
    out: Path,
    *,
    say: Callable[[str], None],
    stop_at: int | None = None,
    checkpoint_seconds: float = 300.0,
) -> Path:
    """Train and give ``out/flowmag.pth``, a checkpoint in the published layout; continues an interrupted run.

    flow: the frozen flow network, see :func:`mebench.magnification.flowmag_loss.pwclite_flow`. Beside it ``flowmag.csv``.
    """
    torch.set_num_threads(1)
    recipe = FlowMagRecipe(rendered_pairs(preset.people, preset.pairs, preset.seed, say), flow, preset)
    path = out / "flowmag.pth"

    def publish(step: int) -> None:
        state = {f"module.{name}": tensor for name, tensor in recipe.network.state_dict().items()}
        write_whole(path, lambda temporary: torch.save({"state_dict": state, "epoch": step}, temporary))

    run = Run(preset.steps, out, identity=asdict(preset), checkpoint_seconds=checkpoint_seconds)
    rows = train(recipe, run, say=say, published=publish, stop_at=stop_at)
    write_log(out / "flowmag.csv", rows)
    return path
