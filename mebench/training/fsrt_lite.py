"""The training of the small FSRT: its losses. The step and the checks are those of every small backbone."""

from __future__ import annotations

from pathlib import Path

import torch

from mebench.backbones.fsrt.lite import LiteConfig, LiteFsrt, Pose, enlarge_displacement
from mebench.backbones.fsrt.lite_checkpoint import save_lite
from mebench.training.face_layout import anchors
from mebench.training.face_pairs import SIZE, Batch, FrameStore
from mebench.training.lite_recipe import MotionRecipe
from mebench.training.lite_run import LitePreset, LiteTraining
from mebench.training.motion_losses import image_loss, motion_loss, point_loss, unmirror_field, unmirror_points

MOTION_WEIGHT = 10.0
POINT_WEIGHT = 5.0
IMAGE_WEIGHT = 10.0
WARPED_WEIGHT = 3.0


class LiteRecipe(MotionRecipe):
    """Self-reenactment pairs: the motion against the exact one, and the image."""

    network: LiteFsrt

    def __init__(self, store: FrameStore, preset: LitePreset) -> None:
        super().__init__(store, preset, LiteFsrt)
        self.network.reader.anchors.copy_(anchors(self.layout))

    def losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        half = len(batch.source)
        poses: Pose = self.network.reader(torch.cat((batch.source, batch.driving)))
        source = Pose(poses.points[:half], poses.expression[:half])
        driving = Pose(poses.points[half:], poses.expression[half:])
        rendering = self.network.render(self.network.encode(batch.source, source), driving)
        displacement = enlarge_displacement(rendering.displacement, SIZE, SIZE)
        field = unmirror_field(displacement, batch.mirrored)
        here, there = (unmirror_points(pose.points, batch.mirrored) for pose in (driving, source))
        terms = {
            "motion": MOTION_WEIGHT * motion_loss(field, batch.motion, self.weight),
            "points": POINT_WEIGHT * point_loss(here, there, batch.motion, SIZE),
            "image": IMAGE_WEIGHT * image_loss(rendering.prediction, batch.driving, self.weight),
            "warped": WARPED_WEIGHT * image_loss(rendering.warped, batch.driving, self.weight),
        }
        return terms, displacement, rendering.prediction


def _save(network: LiteFsrt, path: Path, about: dict[str, str]) -> None:
    save_lite(network, path, half=True, about=about)


TRAINING = LiteTraining("fsrt-lite", LitePreset(LiteConfig(), steps=2400), LiteRecipe, _save)
"""What ``mebench train backbone fsrt --preset lite`` runs."""
