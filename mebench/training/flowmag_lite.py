"""The whole training of the small magnifier: render pairs of the training domain, train, write the file and the curve.

One thread, no GPU: about twelve minutes of rendering and half an hour of training.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.magnification.flowmag_lite_checkpoint import save_lite
from mebench.magnification.flowmag_lite_network import LiteNetwork, planes
from mebench.motion.align import Affine
from mebench.training.curve import draw_curve
from mebench.training.flowmag_lite_data import CROP, OFF_HEAD, ON_FACE, rendered_pairs
from mebench.training.flowmag_lite_losses import Batch, lite_losses
from mebench.training.loop import Run, learning_rate, train, write_log

SIDE = 192
"""Side of a training crop: the head, with eight pixels of play."""


@dataclass(frozen=True)
class LitePreset:
    """Everything that decides the result. people, pairs: identities of domain ``t`` and pairs of each; the last
    ``held_out`` people are for validation."""

    people: int = 48
    pairs: int = 24
    held_out: int = 4
    steps: int = 3500
    batch: int = 4
    rate: float = 1.2e-3
    seed: int = 0


class LiteRecipe:
    """One network, its optimiser and its data (see :class:`mebench.training.loop.Recipe`)."""

    def __init__(self, people: list[NDArray[np.void]], preset: LitePreset) -> None:
        torch.manual_seed(preset.seed)
        self.preset = preset
        self.network: torch.nn.Module = LiteNetwork()
        self.optimizer: torch.optim.Optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=preset.rate, betas=(0.9, 0.98), weight_decay=1e-4
        )
        split = len(people) - preset.held_out
        self._training = [pair for person in people[:split] for pair in person]
        self._validation = [pair for person in people[split:] for pair in person]

    def step(self, index: int, progress: float) -> dict[str, float]:
        rng = np.random.default_rng([self.preset.seed, index])
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, self.preset.rate, hold=0.3)
        chosen = rng.integers(len(self._training), size=self.preset.batch)
        losses = self._losses(_batch([augmented(self._training[number], rng) for number in chosen]))
        self.optimizer.zero_grad()
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def validate(self) -> dict[str, float]:
        totals: dict[str, list[float]] = {}
        with torch.no_grad():
            for start in range(0, len(self._validation), self.preset.batch):
                pairs = self._validation[start : start + self.preset.batch]
                for name, value in self._losses(_batch([_Crop.centre(pair) for pair in pairs])).items():
                    totals.setdefault(f"held_out_{name}", []).append(float(value))
        return {name: float(np.mean(values)) for name, values in totals.items()}

    def _losses(self, batch: Batch) -> dict[str, torch.Tensor]:
        separation = self.network(planes(batch.reference, batch.frame, batch.flow, batch.fitted))
        losses = lite_losses(separation, batch)
        return {"loss": losses.total, "expression": losses.expression, "head": losses.head, "image": losses.image}


@dataclass(frozen=True, eq=False)
class _Crop:
    """One pair, cut out: images float32 ``[H,W,3]`` in [0,1], fields ``[H,W,2]`` px."""

    images: dict[str, NDArray[np.float32]]
    fields: dict[str, NDArray[np.float32]]
    place: NDArray[np.uint8]
    factor: float

    @staticmethod
    def cut(pair: np.void, top: int, left: int) -> _Crop:
        rows, columns = slice(top, top + SIDE), slice(left, left + SIDE)
        images = {
            name: pair[name][rows, columns].astype(np.float32) / 255.0 for name in ("reference", "frame", "target")
        }
        fields = {name: pair[name][rows, columns].astype(np.float32) for name in ("flow", "expression", "head")}
        fields["fitted"] = Affine(pair["affine"].astype(np.float64)).field(CROP, CROP)[rows, columns]
        return _Crop(images, fields, pair["place"][rows, columns], float(pair["factor"]))

    @staticmethod
    def centre(pair: np.void) -> _Crop:
        return _Crop.cut(pair, (CROP - SIDE) // 2, (CROP - SIDE) // 2)

    def mirrored(self) -> _Crop:
        turn = np.array([-1.0, 1.0], dtype=np.float32)
        images = {name: image[:, ::-1] for name, image in self.images.items()}
        fields = {name: field[:, ::-1] * turn for name, field in self.fields.items()}
        return _Crop(images, fields, self.place[:, ::-1], self.factor)


def augmented(pair: np.void, rng: np.random.Generator) -> _Crop:
    """A random crop, mirrored half of the time, with another colour balance, grey in 15 % of the cases."""
    top, left = rng.integers(CROP - SIDE + 1, size=2)
    crop = _Crop.cut(pair, int(top), int(left))
    if rng.random() < 0.5:
        crop = crop.mirrored()
    gain = rng.uniform(0.8, 1.15, size=3).astype(np.float32)
    grey = rng.random() < 0.15
    luma = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    for name, image in crop.images.items():
        crop.images[name] = np.repeat((image @ luma)[..., None], 3, axis=2) if grey else np.clip(image * gain, 0, 1)
    return crop


def _batch(crops: list[_Crop]) -> Batch:
    def stack(arrays: list[NDArray[np.float32]]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(np.stack(arrays))).movedim(-1, 1).contiguous()

    images = {name: stack([crop.images[name] for crop in crops]) for name in crops[0].images}
    fields = {name: stack([crop.fields[name] for crop in crops]) for name in crops[0].fields}
    place = torch.from_numpy(np.stack([crop.place for crop in crops]))[:, None]
    factor = torch.tensor([crop.factor for crop in crops], dtype=torch.float32)
    on_head, on_face = (place != OFF_HEAD).float(), (place == ON_FACE).float()
    return Batch(**images, **fields, on_head=on_head, on_face=on_face, factor=factor)


def train_lite(
    preset: LitePreset,
    out: Path,
    *,
    say: Callable[[str], None],
    stop_at: int | None = None,
    checkpoint_seconds: float = 120.0,
) -> Path:
    """Train on one thread and give the weight file ``out/flowmag-lite.safetensors``; continues an interrupted run.

    Beside it: ``flowmag-lite.csv`` (log), ``flowmag-lite.png`` (curve) and ``checkpoint.pt``. The pairs are rendered
    once into mebench's cache. stop_at: see :func:`mebench.training.loop.train`.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    recipe = LiteRecipe(rendered_pairs(preset.people, preset.pairs, preset.seed, say), preset)
    weights = out / "flowmag-lite.safetensors"

    def publish(step: int) -> None:
        about = {"trained_on": "synme, training domain t", "preset": json.dumps(asdict(preset)), "step": str(step)}
        save_lite(recipe.network, weights, about)

    run = Run(preset.steps, out, identity=asdict(preset), checkpoint_seconds=checkpoint_seconds)
    rows = train(recipe, run, say=say, published=publish, stop_at=stop_at)
    write_log(out / "flowmag-lite.csv", rows)
    if rows:
        draw_curve(rows, ["expression", "held_out_expression"], out / "flowmag-lite.png")
    return weights
