"""The training of the small MetaPortrait: one step, and its checks on held-out identities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.backbones.metaportrait.drawing import draw, layout
from mebench.backbones.metaportrait.lite import TRACKERS, LiteConfig, LiteMetaPortrait, LiteRendering, SteadyMotion
from mebench.backbones.metaportrait.lite_checkpoint import save_lite
from mebench.training.face_layout import face_weight, mean_layout
from mebench.training.face_pairs import SIZE, Batch, FrameStore, PairSampler
from mebench.training.face_validation import reenactment_errors
from mebench.training.lite_run import LitePreset, LiteTraining
from mebench.training.loop import learning_rate
from mebench.training.metaportrait_landmarks import first_pairs, fit_steady, landmarks
from mebench.training.motion_losses import image_loss, motion_loss

MOTION_WEIGHT = 10.0
IMAGE_WEIGHT = 10.0
WARPED_WEIGHT = 3.0

PAINT_EVERY = 4
"""The painter takes part in every fourth step: it costs twice as much as the motion, and changes little of a frame."""

PEAK_RATE = 1e-3
BETAS = (0.5, 0.999)
CLIP_NORM = 10.0

FROM_FIRST = 0.65
"""Share of the pairs whose source is the first frame of the clip; the rest are any two frames of a clip."""

VALIDATION_BATCH = 16

TRACKER = "follow"
"""How the landmarks of the training pairs were found; the other tracker's map is fitted, and not trained on."""


@dataclass(frozen=True)
class LandmarkBatch:
    """A batch and its landmarks: points ``[B,468,2]`` and displacement ``[B,468,2]`` as tracked, pixels."""

    batch: Batch
    points: torch.Tensor
    displacement: torch.Tensor


class LandmarkPairs(PairSampler):
    """Pairs of frames of one clip with their landmarks. They are not mirrored: the colours of the lines would have to
    change sides."""

    def __init__(
        self, store: FrameStore, identities: NDArray[np.int64], points: NDArray[np.float32], seed: int, batch: int
    ) -> None:
        super().__init__(store, identities, seed, batch)
        self.points = points

    def draw_landmarks(self, step: int) -> LandmarkBatch:
        """The pairs of one step, recoloured at random; the draw depends on ``(seed, step)`` alone."""
        rng = np.random.default_rng([self.seed, step])
        pairs = np.array([self._same_clip(rng) for _ in range(self.batch)])
        plain = self._plain(pairs)
        source, driving = self._recolour(plain.source, plain.driving, rng)
        return self._with_points(Batch(source, driving, plain.motion, plain.mirrored), pairs)

    def reenacted(self, identities: NDArray[np.int64]) -> Iterator[LandmarkBatch]:
        """Every clip's first frame with each of its other frames, in order, as they were rendered."""
        pairs = np.stack(first_pairs(self.store, identities), axis=1)
        for start in range(0, len(pairs), self.batch):
            part = pairs[start : start + self.batch]
            yield self._with_points(self._plain(part), part)

    def _with_points(self, batch: Batch, pairs: NDArray[np.int64]) -> LandmarkBatch:
        source, driving = (torch.from_numpy(self.points[rows]) for rows in pairs.T)
        return LandmarkBatch(batch, source, driving - source)

    def _same_clip(self, rng: np.random.Generator) -> tuple[int, int]:
        frames = self.by_identity[rng.integers(len(self.by_identity))]
        clips = self.store.clip[frames]
        clip = frames[clips == rng.choice(clips)]
        if rng.random() < FROM_FIRST:
            return int(clip[0]), int(rng.choice(clip[1:]))
        source, driving = rng.choice(clip, 2, replace=False)
        return int(source), int(driving)


class LiteRecipe:
    """Implements :class:`mebench.training.loop.Recipe`."""

    def __init__(self, store: FrameStore, preset: LitePreset) -> None:
        """The last ``preset.held_out`` identities of the store are kept for validation."""
        torch.manual_seed(preset.seed)
        identities = np.arange(store.identities)
        train, self.held_out = identities[: -preset.held_out], identities[-preset.held_out :]
        found = landmarks(store)
        self.train_pairs = LandmarkPairs(store, train, found[TRACKER], preset.seed, preset.batch)
        self.held_out_pairs = LandmarkPairs(store, self.held_out, found[TRACKER], preset.seed, VALIDATION_BATCH)
        self.network = LiteMetaPortrait(preset.network)
        for name in TRACKERS:
            steady = self.network.steady[name]
            assert isinstance(steady, SteadyMotion)
            fit_steady(steady, store, found[name], train)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=PEAK_RATE, betas=BETAS)
        self.weight = face_weight(mean_layout(store, train))

    def step(self, index: int, progress: float) -> dict[str, float]:
        """One batch: see :mod:`mebench.training.motion_losses` for the terms."""
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, PEAK_RATE)
        batch = self.train_pairs.draw_landmarks(index)
        losses, _ = self._losses(batch, paint=index % PAINT_EVERY == 0)
        total = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimizer.step()
        logged = {name: loss.item() for name, loss in losses.items()}
        if "image" in logged:
            logged["image"] *= PAINT_EVERY  # the log averages over all steps, and this term is there in every fourth
        return logged | {"gradient": norm.item()}

    def validate(self) -> dict[str, float]:
        """See :func:`~mebench.training.face_validation.reenactment_errors`."""
        self.network.eval()
        current: list[LandmarkBatch] = []

        def batches() -> Iterator[Batch]:
            for item in self.held_out_pairs.reenacted(self.held_out):
                current[:] = [item]
                yield item.batch

        def reenact(_: Batch) -> tuple[torch.Tensor, torch.Tensor]:
            rendering = self._losses(current[0], paint=True)[1]
            return rendering.displacement, rendering.prediction

        return reenactment_errors(batches(), reenact, self.weight)

    def _losses(self, drawn: LandmarkBatch, *, paint: bool) -> tuple[dict[str, torch.Tensor], LiteRendering]:
        batch = drawn.batch
        moved = drawn.points + self.network.steadied(drawn.displacement, TRACKER)
        source = self.network.encode(batch.source, lines(drawn.points), drawn.points, paint=paint)
        rendering = self.network.render(source, lines(moved), moved)
        losses = {
            "motion": MOTION_WEIGHT * motion_loss(rendering.displacement, batch.motion, self.weight),
            "warped": WARPED_WEIGHT * image_loss(rendering.warped, batch.driving, self.weight),
        }
        if paint:
            losses["image"] = IMAGE_WEIGHT * image_loss(rendering.prediction, batch.driving, self.weight)
        return losses, rendering


def lines(points: torch.Tensor) -> torch.Tensor:
    """Drawings ``[B,3,S,S]`` in [0,1] of landmarks ``[B,468,2]`` in pixels of the small frame."""
    mesh = layout("mesh-468")
    places = (points.detach().numpy() + 0.5) / SIZE
    drawn = np.stack([draw(each, mesh, SIZE, subpixel=True) for each in places])
    return torch.from_numpy(drawn.astype(np.float32) / 255)


def _save(network: LiteMetaPortrait, path: Path, about: dict[str, str]) -> None:
    save_lite(network, path, half=True, about=about)


TRAINING = LiteTraining("metaportrait-lite", LitePreset(LiteConfig(), steps=400), LiteRecipe, _save)
"""What ``mebench train backbone metaportrait --preset lite`` runs."""
