"""The training of the small encoder-manipulator-decoder magnifier, on faces moved by rendered expressions.

As published (Oh et al., ECCV 2018) the motion of the training clips is made: a clean picture, the same picture moved, and
the picture moved by the factor times as much, exactly. Here the picture is a rendered face of the training domain and the
motion an exact expression of the same person. Made in that way the two pictures differ by motion alone; in pairs that are
rendered as delivered, most of the difference between frame and answer is sensor noise, which no magnifier can paint, and
a network that was trained on them learned to change nothing. Noise is added to what the network sees.

Beside the painted picture the *change* from the picture painted for factor 1 is compared, as a share of the change that
was asked for, because it is what the magnifier adds to the frame.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from mebench.files import write_whole
from mebench.magnification.oh2018_network import OhConfig, ShapeOnly
from mebench.motion.warp import inverse_displacement, warp
from mebench.training.curve import draw_curve
from mebench.training.flowmag_lite_data import CROP, ON_FACE, rendered_pairs
from mebench.training.loop import Run, learning_rate, train, write_log

LUMA = torch.tensor([0.299, 0.587, 0.114])

PEAK = (0.4, 2.5)
"""px: largest displacement of the given frame; micro-expressions at 256 px."""

FACTOR = (1.5, 12.0)
LONGEST = 8.0
"""px: largest displacement of the answer; the factor is cut there. A crop of the shape code sees no further."""

NOISE = 0.006
"""Largest standard deviation of the noise, of the range of the picture: 1.5 grey levels."""

CHANGE_WEIGHT = 0.04
"""Of the share of the change that is wrong, against the mean error of the painted pictures; about equal at the end."""

_MARGIN = 12
"""Pixels around a crop that its motion may bring in."""

_SMOOTHING = 1.0
"""px: blur of the exact expression, which jumps at the lips and lids, where a warp would tear."""

_SETTLED = 1e-3
"""Added to the mean change, so that an answer without change does not divide by 0."""


@dataclass(frozen=True)
class OhPreset:
    """Everything that decides the result. people, pairs: identities of domain ``t`` and rendered pairs of each; the last
    ``held_out`` people are for validation. side: of the training crops in pixels. width, encoder, shape, decoder: of the
    network (:class:`~mebench.magnification.oh2018_network.OhConfig`)."""

    people: int = 48
    pairs: int = 24
    held_out: int = 4
    steps: int = 1400
    batch: int = 2
    side: int = 64
    rate: float = 2e-3
    seed: int = 0
    width: int = 16
    encoder: int = 1
    shape: int = 1
    decoder: int = 3


@dataclass(frozen=True, eq=False)
class OhBatch:
    """reference, frame: with noise, target and clean (the frame without noise): float32 ``[B,3,S,S]`` in [0,1].
    factor: ``[B]``."""

    reference: torch.Tensor
    frame: torch.Tensor
    clean: torch.Tensor
    target: torch.Tensor
    factor: torch.Tensor


class OhRecipe:
    """One network, its optimiser and its data (see :class:`mebench.training.loop.Recipe`)."""

    def __init__(self, people: list[NDArray[np.void]], preset: OhPreset) -> None:
        torch.manual_seed(preset.seed)
        self.preset = preset
        config = OhConfig(preset.width, preset.encoder, preset.shape, decoder=preset.decoder)
        self.network: torch.nn.Module = ShapeOnly(config).to(memory_format=torch.channels_last)
        self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
            self.network.parameters(), lr=preset.rate, betas=(0.9, 0.99)
        )
        split = len(people) - preset.held_out
        self._training = _usable([pair for person in people[:split] for pair in person])
        self._validation = _usable([pair for person in people[split:] for pair in person])

    def step(self, index: int, progress: float) -> dict[str, float]:
        rng = np.random.default_rng([self.preset.seed, index])
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, self.preset.rate, hold=0.4)
        chosen = [self._training[number] for number in rng.integers(len(self._training), size=self.preset.batch)]
        losses = self._losses(make_batch(chosen, self.preset.side, rng))
        self.optimizer.zero_grad()
        torch.autograd.backward(losses["loss"])
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def validate(self) -> dict[str, float]:
        """The losses on held-out people: of ``wrong``, 1 is what changing nothing gets wrong."""
        totals: dict[str, list[float]] = {}
        with torch.no_grad():
            for start in range(0, len(self._validation), self.preset.batch):
                rng = np.random.default_rng([self.preset.seed, start])
                batch = make_batch(self._validation[start : start + self.preset.batch], self.preset.side, rng)
                for name, value in self._losses(batch).items():
                    totals.setdefault(f"held_out_{name}", []).append(float(value))
        return {name: float(np.mean(values)) for name, values in totals.items()}

    def _losses(self, batch: OhBatch) -> dict[str, torch.Tensor]:
        """loss; paint: mean error of the two painted pictures; wrong: error of the change, and painted: its projection on
        the change that was asked for, both as shares of that change."""
        network = self.network
        assert isinstance(network, ShapeOnly)
        shapes = network.encode(torch.cat((batch.reference, batch.frame)) * 2.0 - 1.0).shape
        first, second = shapes.chunk(2)
        moved = network.manipulate(first, second, batch.factor[:, None, None, None]).shape
        made, kept = ((image + 1.0) / 2.0 for image in network.decode(torch.cat((moved, second))).chunk(2))
        asked, change = batch.target - batch.clean, made - kept
        paint = ((made - batch.target).abs() + (kept - batch.clean).abs()).mean() / 2.0
        wrong = ((change - asked).abs().mean(dim=(1, 2, 3)) / (asked.abs().mean(dim=(1, 2, 3)) + _SETTLED)).mean()
        painted = (change * asked).sum() / (asked**2).sum().clamp(min=1e-9)
        return {"loss": paint + CHANGE_WEIGHT * wrong, "paint": paint, "wrong": wrong, "painted": painted}


def make_batch(pairs: list[np.void], side: int, rng: np.random.Generator) -> OhBatch:
    """Crops in the face, moved by a random size and factor; mirrored half of the time, with another colour balance, 15 %
    of them grey; noise of a random strength on what the network is given."""
    cut = [_crop(pair, side + 2 * _MARGIN, rng) for pair in pairs]
    picture, motion = torch.stack([image for image, _ in cut]), torch.stack([field for _, field in cut])
    sizes = _spread(PEAK, len(pairs), rng)
    factors = np.minimum(_spread(FACTOR, len(pairs), rng), np.maximum(LONGEST / sizes, 1.0))
    small, large = (
        warp(picture, inverse_displacement(motion * _each(scale)), mode="bicubic").clamp(0.0, 1.0)
        for scale in (sizes, sizes * factors)
    )
    reference, clean, target = (
        image[..., _MARGIN:-_MARGIN, _MARGIN:-_MARGIN].contiguous(memory_format=torch.channels_last)
        for image in (picture, small, large)
    )
    strength = _each(rng.uniform(0.0, NOISE, size=len(pairs)))
    noisy = [
        image + strength * torch.from_numpy(rng.standard_normal(tuple(image.shape), dtype=np.float32))
        for image in (reference, clean)
    ]
    return OhBatch(noisy[0], noisy[1], clean, target, torch.from_numpy(factors).float())


def _spread(ends: tuple[float, float], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Numbers between ``ends``, uniform in their logarithm."""
    return np.exp(rng.uniform(np.log(ends[0]), np.log(ends[1]), size=count))


def _each(values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(values).float()[:, None, None, None]


def _crop(pair: np.void, side: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A clean picture ``[3,S,S]`` and the expression's motion there ``[2,S,S]``, its largest displacement in the face 1.
    The middle is drawn by the change that motion makes: most of a face hardly changes at all."""
    face = pair["place"] == ON_FACE
    field = cv2.GaussianBlur(pair["expression"].astype(np.float32), (0, 0), _SMOOTHING)
    longest = float(np.hypot(field[..., 0], field[..., 1])[face].max())
    luma = cv2.GaussianBlur(pair["target"].astype(np.float32) @ LUMA.numpy(), (0, 0), _SMOOTHING)
    change = np.abs(np.gradient(luma, axis=1) * field[..., 0] + np.gradient(luma, axis=0) * field[..., 1])[face]
    number = int(np.searchsorted(np.cumsum(change), rng.random() * float(change.sum()) * (1.0 - 1e-6)))
    rows, columns = np.nonzero(face)
    number = min(number, len(rows) - 1)
    top, left = (int(np.clip(at - side // 2, 0, CROP - side)) for at in (rows[number], columns[number]))
    there = np.s_[top : top + side, left : left + side]
    picture = torch.from_numpy(pair["target"][there].copy()).movedim(-1, 0) / 255.0
    motion = torch.from_numpy(field[there] / longest).movedim(-1, 0).contiguous()
    if rng.random() < 0.5:
        picture, motion = picture.flip(-1), motion.flip(-1) * torch.tensor([-1.0, 1.0])[:, None, None]
    if rng.random() < 0.15:
        picture = torch.einsum("c,chw->hw", LUMA, picture)[None].expand(3, -1, -1)
    gain = torch.from_numpy(rng.uniform(0.8, 1.15, size=3)).float()[:, None, None]
    return (picture * gain).clamp(0.0, 1.0), motion


def _usable(pairs: list[np.void]) -> list[np.void]:
    """Pairs with a face and an expression in it."""
    chosen = []
    for pair in pairs:
        face = pair["place"] == ON_FACE
        if face.any() and float(np.abs(pair["expression"][face].astype(np.float32)).max()) > PEAK[0]:
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
        draw_curve(rows, ["wrong", "held_out_wrong"], out / "oh2018-lite.png")
    return weights
