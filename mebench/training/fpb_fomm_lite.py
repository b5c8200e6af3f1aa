"""The training of the small FPB-FOMM: pairs of one clip, seen with one set of facial points.

As published, the points of a clip serve both frames of a pair, and no term moves them. Unlike published, mirrored frames
get mirrored points. The points are the exact landmarks of the clip's first frame, shifted at random by as much as the
mesh errs, because the mesh gives them when the network is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.backbones.fomm.lite import LiteRendering
from mebench.backbones.fpb_fomm.lite import LiteFpb, LiteFpbConfig
from mebench.backbones.fpb_fomm.lite_checkpoint import save_lite
from mebench.backbones.fpb_fomm.points import MIRROR, facial_points
from mebench.backbones.fpb_fomm.points import SIZE as POINTS_SIZE
from mebench.training.face_layout import face_weight, mean_layout
from mebench.training.face_pairs import SIZE, Batch, FrameStore, PairSampler
from mebench.training.fomm_lite import (
    BETAS,
    IMAGE_WEIGHT,
    MOTION_WEIGHT,
    PEAK_RATE,
    VALIDATION_BATCH,
    WARPED_WEIGHT,
    LiteRecipe,
)
from mebench.training.lite_run import LitePreset, LiteTraining
from mebench.training.motion_losses import image_loss, motion_loss, unmirror_field

FROM_FIRST = 0.6
"""Share of the pairs whose source is the first frame of the clip; the others take any two."""

MESH_ERROR = 3.0
"""Standard deviation in pixels of 256 of the random shift of each point of a clip."""


@dataclass(frozen=True)
class PointedBatch(Batch):
    """points: ``[B,18,2]`` in pixels of 256, the same for source and driving frame."""

    points: torch.Tensor


class ClipPairs(PairSampler):
    """Pairs of frames of one clip, with the clip's points."""

    def draw(self, step: int) -> PointedBatch:
        """One batch, mirrored and recoloured at random, its points shifted at random."""
        batch = super().draw(step)
        rng = np.random.default_rng([self.seed, step, 1])
        points = self._points(self._drawn) + rng.normal(0.0, MESH_ERROR, (len(self._drawn), len(MIRROR), 2))
        mirrored = points[:, list(MIRROR)] * (-1.0, 1.0) + (POINTS_SIZE - 1.0, 0.0)
        chosen = np.where(batch.mirrored.numpy()[:, None, None], mirrored, points)
        return PointedBatch(batch.source, batch.driving, batch.motion, batch.mirrored, _tensor(chosen))

    def reenactments(self) -> Iterator[PointedBatch]:
        """Every clip's first frame with each of its other frames, in order, as they were rendered."""
        for batch in super().reenactments():
            points = _tensor(self._points(self._drawn))
            yield PointedBatch(batch.source, batch.driving, batch.motion, batch.mirrored, points)

    def _plain(self, pairs: NDArray[np.int64]) -> Batch:
        self._drawn = pairs
        return super()._plain(pairs)

    def _pair(self, rng: np.random.Generator) -> tuple[int, int]:
        frames = self.by_identity[rng.integers(len(self.by_identity))]
        clips = self.store.clip[frames]
        clip = frames[clips == rng.choice(clips)]
        if rng.random() < FROM_FIRST:
            return int(clip[0]), int(rng.choice(clip[1:]))
        source, driving = rng.choice(clip, 2, replace=False)
        return int(source), int(driving)

    def _points(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of the first frame of each pair's clip: ``[B,18,2]`` in pixels of 256; edges of both sizes coincide."""
        first = [
            int(np.flatnonzero((self.store.clip == self.store.clip[source]) & (self.store.order == 0))[0])
            for source, _ in pairs
        ]
        landmarks = (self.store.landmarks[first] + 0.5) * (POINTS_SIZE / SIZE) - 0.5
        return facial_points(landmarks.astype(np.float32)).astype(np.float64)


class FpbRecipe(LiteRecipe):
    """Implements :class:`mebench.training.loop.Recipe`."""

    network: LiteFpb

    def __init__(self, store: FrameStore, preset: LitePreset) -> None:
        torch.manual_seed(preset.seed)
        identities = np.arange(store.identities)
        self.train_pairs = ClipPairs(store, identities[: -preset.held_out], preset.seed, preset.batch)
        self.held_out = ClipPairs(store, identities[-preset.held_out :], preset.seed, VALIDATION_BATCH)
        self.network = LiteFpb(preset.network).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=PEAK_RATE, betas=BETAS)
        self.weight = face_weight(mean_layout(store, identities[: -preset.held_out]))

    def _losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], LiteRendering]:
        assert isinstance(batch, PointedBatch)
        images = [image.contiguous(memory_format=torch.channels_last) for image in (batch.source, batch.driving)]
        source, driving = (self.network.detector(image, batch.points) for image in images)
        rendering = self.network.render(self.network.encode(images[0], source), driving)
        field = unmirror_field(rendering.displacement, batch.mirrored)
        losses = {
            "motion": MOTION_WEIGHT * motion_loss(field, batch.motion, self.weight),
            "image": IMAGE_WEIGHT * image_loss(rendering.prediction, images[1], self.weight),
            "warped": WARPED_WEIGHT * image_loss(rendering.warped, images[1], self.weight),
        }
        return losses, rendering


def _tensor(points: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(points.astype(np.float32))


def _save(network: LiteFpb, path: Path, about: dict[str, str]) -> None:
    save_lite(network, path, half=True, about=about)


TRAINING = LiteTraining("fpb-fomm-lite", LitePreset(LiteFpbConfig(), steps=2400), FpbRecipe, _save)
"""What ``mebench train backbone fpb-fomm --preset lite`` runs."""
