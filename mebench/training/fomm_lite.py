"""The training of the small FOMM: one step, and its checks on held-out identities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.lite import LiteConfig, LiteFomm, LiteRendering
from mebench.backbones.fomm.lite_checkpoint import save_lite
from mebench.training.face_layout import anchors, face_weight, mean_layout
from mebench.training.face_pairs import SIZE, Batch, FrameStore, PairSampler
from mebench.training.face_validation import reenactment_errors
from mebench.training.lite_run import LitePreset, LiteTraining
from mebench.training.loop import learning_rate
from mebench.training.motion_losses import image_loss, motion_loss, point_loss, unmirror_field, unmirror_points

MOTION_WEIGHT = 10.0
POINT_WEIGHT = 2.0
IMAGE_WEIGHT = 10.0
WARPED_WEIGHT = 3.0

PEAK_RATE = 1e-3
BETAS = (0.5, 0.999)
"""Adam as in the published recipe, with a higher rate for the smaller network."""

CLIP_NORM = 10.0

FREEZE_STATISTICS = 0.6
"""From this part of the run on, batch norm uses its running statistics, so that the end of the training sees exactly
the network that is shipped; the statistics of small batches would blur sub-pixel motion."""

VALIDATION_BATCH = 16


class LiteRecipe:
    """Implements :class:`mebench.training.loop.Recipe`."""

    def __init__(self, store: FrameStore, held_out: int, *, seed: int, batch: int, config: LiteConfig) -> None:
        """held_out: the last so many identities of the store are kept for validation."""
        torch.manual_seed(seed)
        identities = np.arange(store.identities)
        self.train_pairs = PairSampler(store, identities[:-held_out], seed, batch)
        self.held_out = PairSampler(store, identities[-held_out:], seed, VALIDATION_BATCH)
        self.network = LiteFomm(config).to(memory_format=torch.channels_last)
        mean = mean_layout(store, identities[:-held_out])
        self.network.detector.anchors.copy_(anchors(mean))
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=PEAK_RATE, betas=BETAS)
        self.weight = face_weight(mean)

    def step(self, index: int, progress: float) -> dict[str, float]:
        """One batch: see :mod:`mebench.training.motion_losses` for the terms."""
        self.network.train()
        if progress >= FREEZE_STATISTICS:
            freeze_statistics(self.network)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, PEAK_RATE)
        batch = self.train_pairs.draw(index)
        losses, _ = self._losses(batch)
        total = torch.stack(list(losses.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimizer.step()
        return {name: loss.item() for name, loss in losses.items()} | {"gradient": norm.item()}

    def validate(self) -> dict[str, float]:
        """See :func:`~mebench.training.face_validation.reenactment_errors`."""
        self.network.eval()

        def reenact(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
            rendering = self._losses(batch)[1]
            return rendering.displacement, rendering.prediction

        return reenactment_errors(self.held_out.reenactments(), reenact, self.weight)

    def _losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], LiteRendering]:
        half = len(batch.source)
        both = torch.cat((batch.source, batch.driving)).contiguous(memory_format=torch.channels_last)
        points = self.network.detector(both)
        source = KeyPoints(points.value[:half], points.jacobian[:half])
        driving = KeyPoints(points.value[half:], points.jacobian[half:])
        rendering = self.network.render(self.network.encode(both[:half], source), driving)
        field = unmirror_field(rendering.displacement, batch.mirrored)
        here, there = (unmirror_points(points.value, batch.mirrored) for points in (driving, source))
        losses = {
            "motion": MOTION_WEIGHT * motion_loss(field, batch.motion, self.weight),
            "points": POINT_WEIGHT * point_loss(here, there, batch.motion, SIZE),
            "image": IMAGE_WEIGHT * image_loss(rendering.prediction, both[half:], self.weight),
            "warped": WARPED_WEIGHT * image_loss(rendering.warped, both[half:], self.weight),
        }
        return losses, rendering


def freeze_statistics(network: torch.nn.Module) -> None:
    """Batch norm keeps and uses its running statistics from now on; its scale and shift still learn."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()


def _recipe(store: FrameStore, preset: LitePreset) -> LiteRecipe:
    return LiteRecipe(store, preset.held_out, seed=preset.seed, batch=preset.batch, config=preset.network)


def _save(network: LiteFomm, path: Path, about: dict[str, str]) -> None:
    save_lite(network, path, half=True, about=about)


TRAINING = LiteTraining("fomm-lite", LitePreset(LiteConfig(), steps=3600), _recipe, _save)
"""What ``mebench train backbone fomm --preset lite`` runs."""
