"""One training step of the small FOMM, and its checks on held-out identities."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.lite import LiteConfig, LiteFomm, LiteRendering
from mebench.training.fomm_lite_losses import (
    IMAGE_WEIGHT,
    MOTION_WEIGHT,
    POINT_WEIGHT,
    WARPED_WEIGHT,
    ExactMotion,
    image_loss,
    motion_loss,
    point_loss,
    sample_pixels,
)
from mebench.training.fomm_lite_pairs import SIZE, Batch, FrameStore, PairSampler
from mebench.training.loop import learning_rate

PEAK_RATE = 1e-3
BETAS = (0.5, 0.999)
"""Adam as in the published recipe, with a higher rate for the smaller network."""

CLIP_NORM = 10.0

FREEZE_STATISTICS = 0.6
"""From this part of the run on, batch norm uses its running statistics, so that the end of the training sees exactly
the network that is shipped; the statistics of small batches would blur sub-pixel motion."""

FACE_WEIGHT = 4.0
FACE_BLUR = 15.0
BROW_MARGIN = 2.5
"""Losses count four times inside the mean face (hull of the mean landmarks with the brows moved up), blurred, in pixels
of the small frame; 15 px is the full width of the transition, three standard deviations to each side."""

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
        """One batch: see :mod:`mebench.training.fomm_lite_losses` for the terms."""
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

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Reenactment of held-out identities from the first frame of their clips: error of the motion field over that
        of no motion inside the face (``ratio``), its least-squares gain, and the image error over that of copying the
        source (``copy_ratio``)."""
        self.network.eval()
        error = still = along = square = image = copy = 0.0
        for batch in self.held_out.reenactments():
            _, rendering = self._losses(batch)
            inside = sample_pixels(self.weight, batch.motion.where)[0, 0] > 0.5 * float(self.weight.max())
            truth = batch.motion.displacement.movedim(-1, 1)[..., inside]
            ours = sample_pixels(rendering.displacement, batch.motion.where)[..., inside]
            error += float((ours - truth).norm(dim=1).sum())
            still += float(truth.norm(dim=1).sum())
            along += float((ours * truth).sum())
            square += float(truth.square().sum())
            image += float((rendering.prediction - batch.driving).abs().sum())
            copy += float((batch.source - batch.driving).abs().sum())
        return {"ratio": error / still, "gain": along / square, "copy_ratio": image / copy}

    def _losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], LiteRendering]:
        half = len(batch.source)
        both = torch.cat((batch.source, batch.driving)).contiguous(memory_format=torch.channels_last)
        points = self.network.detector(both)
        source = KeyPoints(points.value[:half], points.jacobian[:half])
        driving = KeyPoints(points.value[half:], points.jacobian[half:])
        rendering = self.network.render(self.network.encode(both[:half], source), driving)
        field, source, driving = unmirror(rendering.displacement, source, driving, batch.mirrored)
        truth: ExactMotion = batch.motion
        losses = {
            "motion": MOTION_WEIGHT * motion_loss(field, truth, self.weight),
            "points": POINT_WEIGHT * point_loss(driving, source, truth, SIZE),
            "image": IMAGE_WEIGHT * image_loss(rendering.prediction, both[half:], self.weight),
            "warped": WARPED_WEIGHT * image_loss(rendering.warped, both[half:], self.weight),
        }
        return losses, rendering


def unmirror(
    field: torch.Tensor, source: KeyPoints, driving: KeyPoints, mirrored: torch.Tensor
) -> tuple[torch.Tensor, KeyPoints, KeyPoints]:
    """A motion field and positions found on mirrored frames, put back into the frames as they were rendered."""
    sign = torch.tensor([-1.0, 1.0])
    field = torch.where(mirrored[:, None, None, None], field.flip(-1) * sign[:, None, None], field)
    back = [
        KeyPoints(torch.where(mirrored[:, None, None], points.value * sign, points.value))
        for points in (source, driving)
    ]
    return field, back[0], back[1]


def freeze_statistics(network: torch.nn.Module) -> None:
    """Batch norm keeps and uses its running statistics from now on; its scale and shift still learn."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()


def mean_layout(store: FrameStore, identities: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean iBUG landmarks ``[68,2]`` of the identities' first frames, in pixels of the small frame, made symmetric."""
    first = (store.order == 0) & np.isin(store.identity, identities)
    mean = store.landmarks[first].mean(0)
    mirrored = mean[MIRROR] * (-1, 1) + (SIZE - 1, 0)
    return np.asarray((mean + mirrored) / 2, np.float32)


def _mirrored_landmarks() -> NDArray[np.int64]:
    jaw, brows, bridge, nostrils = range(16, -1, -1), range(26, 16, -1), range(27, 31), range(35, 30, -1)
    right_eye, left_eye = (45, 44, 43, 42, 47, 46), (39, 38, 37, 36, 41, 40)
    outer_lips = (*range(54, 47, -1), *range(59, 54, -1))
    inner_lips = (*range(64, 59, -1), *range(67, 64, -1))
    return np.array([*jaw, *brows, *bridge, *nostrils, *right_eye, *left_eye, *outer_lips, *inner_lips])


MIRROR = _mirrored_landmarks()
"""The iBUG landmark that takes each one's place in a mirrored face."""


def anchors(mean: NDArray[np.float32]) -> torch.Tensor:
    """Where the 24 key points start, ``[24,2]`` in [-1,1]: points and means of points of the mean layout.

    No landmark of a single image is used. Order: brows (6), lids (4), nose (4), mouth (4), chin, forehead, cheeks (4).
    """
    lids = [mean[[37, 38]].mean(0), mean[[40, 41]].mean(0), mean[[43, 44]].mean(0), mean[[46, 47]].mean(0)]
    cheeks = [
        mean[[36, 31, 4]].mean(0),
        mean[[45, 35, 12]].mean(0),
        mean[[31, 48, 4]].mean(0),
        mean[[35, 54, 12]].mean(0),
    ]
    forehead = 2 * mean[[21, 22]].mean(0) - mean[28]
    points = [
        *mean[[18, 19, 21, 22, 24, 25]],
        *lids,
        *mean[[27, 30, 31, 35]],
        *mean[[48, 54]],
        mean[[51, 62]].mean(0),
        mean[[57, 66]].mean(0),
        mean[[8, 57]].mean(0),
        forehead,
        *cheeks,
    ]
    return torch.from_numpy(np.stack(points) * (2 / (SIZE - 1)) - 1).float()


def face_weight(mean: NDArray[np.float32]) -> torch.Tensor:
    """Loss weight ``[1,1,S,S]`` with mean 1."""
    outline = mean.copy()
    outline[17:27, 1] -= BROW_MARGIN
    hull = cv2.convexHull(outline.astype(np.float32)).astype(np.int32)
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillConvexPoly(mask, hull, 1.0)
    weight = 1 + (FACE_WEIGHT - 1) * gaussian_filter(mask, FACE_BLUR / 6)
    return torch.from_numpy((weight / weight.mean()).astype(np.float32))[None, None]
