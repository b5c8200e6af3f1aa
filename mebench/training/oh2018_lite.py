"""The training of the small encoder-manipulator-decoder magnifier on rendered pairs of the training domain.

As published (Oh et al., ECCV 2018) the network learns to paint the magnified frame, with three differences. The pairs
are faces whose magnified picture is rendered exactly, with the head's affine motion taken out, as the magnifier takes it
out. There is no texture branch, so there is no colour term. And the *change* from the picture painted for factor 1 is
compared too, because that is what the magnifier adds to the frame.
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
from mebench.magnification.measured import field
from mebench.magnification.oh2018_network import OhConfig, ShapeOnly
from mebench.motion.align import Affine
from mebench.motion.warp import warp
from mebench.training.curve import draw_curve
from mebench.training.flowmag_lite_data import CROP, OFF_HEAD, ON_FACE, rendered_pairs
from mebench.training.loop import Run, learning_rate, train, write_log

LUMA = torch.tensor([0.299, 0.587, 0.114])

CHANGE_WEIGHT = 2.0
"""Of the change from factor 1, which carries the motion; painting is worth 1, as the painted detail is not used."""

FACE_WEIGHT = 4.0
"""Losses count as many times inside the face as on the rest of the head; the background does not count."""

LONGEST = 12.0
"""Largest displacement in pixels that is asked for; beyond it a crop of the shape code sees too little."""


@dataclass(frozen=True)
class OhPreset:
    """Everything that decides the result. people, pairs: identities of domain ``t`` and pairs of each; the last
    ``held_out`` people are for validation. side: of the training crops in pixels."""

    people: int = 48
    pairs: int = 24
    held_out: int = 4
    steps: int = 1800
    batch: int = 6
    side: int = 96
    rate: float = 1e-3
    seed: int = 0
    width: int = 16


@dataclass(frozen=True, eq=False)
class OhBatch:
    """reference, frame, target: float32 ``[B,3,S,S]`` in [0,1], on the grid of the reference. weight: ``[B,1,S,S]``,
    mean 1. factor: ``[B]``."""

    reference: torch.Tensor
    frame: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    factor: torch.Tensor


class OhRecipe:
    """One network, its optimiser and its data (see :class:`mebench.training.loop.Recipe`)."""

    def __init__(self, people: list[NDArray[np.void]], preset: OhPreset) -> None:
        torch.manual_seed(preset.seed)
        self.preset = preset
        self.network: torch.nn.Module = ShapeOnly(OhConfig(width=preset.width)).to(memory_format=torch.channels_last)
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
            self.network.parameters(), lr=preset.rate, betas=(0.9, 0.99)
        )
        split = len(people) - preset.held_out
        self._training = _usable([pair for person in people[:split] for pair in person])
        self._validation = _usable([pair for person in people[split:] for pair in person])

    def step(self, index: int, progress: float) -> dict[str, float]:
        rng = np.random.default_rng([self.preset.seed, index])
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, self.preset.rate, hold=0.3)
        chosen = [self._training[number] for number in rng.integers(len(self._training), size=self.preset.batch)]
        losses = self._losses(make_batch(chosen, self.preset.side, rng))
        self.optimizer.zero_grad()
        torch.autograd.backward(losses["loss"])
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def validate(self) -> dict[str, float]:
        """On held-out people: the losses, and ``copy``, the change that leaving the frame as it is gets wrong."""
        totals: dict[str, list[float]] = {}
        with torch.no_grad():
            for start in range(0, len(self._validation), self.preset.batch):
                rng = np.random.default_rng([self.preset.seed, start])
                batch = make_batch(self._validation[start : start + self.preset.batch], self.preset.side, rng)
                losses = self._losses(batch)
                losses["copy"] = CHANGE_WEIGHT * ((batch.target - batch.frame).abs() * batch.weight).mean()
                for name, value in losses.items():
                    totals.setdefault(f"held_out_{name}", []).append(float(value))
        return {name: float(np.mean(values)) for name, values in totals.items()}

    def _losses(self, batch: OhBatch) -> dict[str, torch.Tensor]:
        network = self.network
        assert isinstance(network, ShapeOnly)
        shapes = network.encode(torch.cat((batch.reference, batch.frame)) * 2.0 - 1.0).shape
        first, second = shapes.chunk(2)
        moved = network.manipulate(first, second, batch.factor[:, None, None, None]).shape
        painted, kept = ((image + 1.0) / 2.0 for image in network.decode(torch.cat((moved, second))).chunk(2))
        change = (painted - kept) - (batch.target - batch.frame)
        losses = {
            "paint": (((painted - batch.target).abs() + (kept - batch.frame).abs()) * batch.weight).mean() / 2.0,
            "change": CHANGE_WEIGHT * (change.abs() * batch.weight).mean(),
        }
        return {"loss": losses["paint"] + losses["change"], **losses}


def make_batch(pairs: list[np.void], side: int, rng: np.random.Generator) -> OhBatch:
    """Random crops around the face, mirrored half of the time, with another colour balance, 15 % of them grey."""
    parts = [_crop(pair, side, rng) for pair in pairs]
    images, place, factor = zip(*parts, strict=True)
    stacked = torch.stack(images).to(memory_format=torch.channels_last, dtype=torch.float32)
    on = torch.stack(place)[:, None]
    weight = (on != OFF_HEAD).float() + (FACE_WEIGHT - 1.0) * (on == ON_FACE).float()
    weight = weight / weight.mean().clamp(min=1e-6)
    reference, frame, target = stacked[:, :3], stacked[:, 3:6], stacked[:, 6:]
    return OhBatch(reference, frame, target, weight, torch.tensor(factor, dtype=torch.float32))


def _crop(pair: np.void, side: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Reference, frame and target ``[9,S,S]`` without head motion, the place map and the factor."""
    there = field(Affine(pair["affine"].astype(np.float64)).field(CROP, CROP))
    frames = (
        torch.from_numpy(np.stack([pair[name] for name in ("reference", "frame", "target")])).movedim(-1, 1) / 255.0
    )
    laid = warp(frames[1:], there.expand(2, -1, -1, -1), mode="bicubic").clamp(0.0, 1.0)
    images = torch.cat((frames[:1], laid))
    place = torch.from_numpy(pair["place"].copy())
    # The middle of a random face pixel, kept inside the frame.
    rows, columns = np.nonzero(pair["place"] == ON_FACE)
    number = rng.integers(len(rows))
    top, left = (int(np.clip(at - side // 2, 0, CROP - side)) for at in (rows[number], columns[number]))
    images = images[..., top : top + side, left : left + side]
    place = place[top : top + side, left : left + side]
    if rng.random() < 0.5:
        images, place = images.flip(-1), place.flip(-1)
    if rng.random() < 0.15:
        images = torch.einsum("c,nchw->nhw", LUMA, images)[:, None].expand(-1, 3, -1, -1)
    gain = torch.from_numpy(rng.uniform(0.8, 1.15, size=3)).float()[:, None, None]
    return (images * gain).clamp(0.0, 1.0).flatten(0, 1), place, float(pair["factor"])


def _usable(pairs: list[np.void]) -> list[np.void]:
    """Pairs to enlarge (the factor is at least 1), with a face, and no longer motion than the crop can show."""
    chosen = []
    for pair in pairs:
        face = pair["place"] == ON_FACE
        if pair["factor"] < 1.0 or not face.any():
            continue
        length = np.hypot(*np.moveaxis(pair["expression"].astype(np.float32), -1, 0))[face]
        if pair["factor"] * float(np.percentile(length, 99.0)) <= LONGEST:
            chosen.append(pair)
    return chosen


def train_oh2018(
    preset: OhPreset,
    out: Path,
    *,
    say: Callable[[str], None],
    stop_at: int | None = None,
    checkpoint_seconds: float = 120.0,
) -> Path:
    """Train on one thread and give the weight file ``out/oh2018-lite.safetensors`` in the first public layout.

    Continues an interrupted run. Beside it: ``oh2018-lite.csv`` (log), ``oh2018-lite.png`` (curve), ``checkpoint.pt``.
    The pairs are those of ``flowmag-lite``, rendered once into mebench's cache.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    recipe = OhRecipe(rendered_pairs(preset.people, preset.pairs, preset.seed, say), preset)
    weights = out / "oh2018-lite.safetensors"

    def publish(step: int) -> None:
        about = {
            "about": json.dumps(
                {"trained_on": "synme, training domain t", "preset": asdict(preset), "step": step}, sort_keys=True
            )
        }
        tensors = {name: tensor.detach().contiguous().clone() for name, tensor in recipe.network.state_dict().items()}
        write_whole(weights, lambda temporary: save_file(tensors, temporary, metadata=about))

    run = Run(preset.steps, out, identity=asdict(preset), checkpoint_seconds=checkpoint_seconds)
    rows = train(recipe, run, say=say, published=publish, stop_at=stop_at)
    write_log(out / "oh2018-lite.csv", rows)
    if rows:
        draw_curve(rows, ["change", "held_out_change", "held_out_copy"], out / "oh2018-lite.png")
    return weights
