"""The training of the small FSRT: its losses. The step and the checks are those of every small backbone.

Its detector is that of the shipped small FOMM and stays as it is.
"""

from __future__ import annotations

from pathlib import Path

import torch

from mebench.backbones.fomm.lite_checkpoint import load_lite as load_fomm
from mebench.backbones.fsrt.lite import LiteConfig, LiteFsrt, Pose, enlarge_displacement
from mebench.backbones.fsrt.lite_checkpoint import save_lite
from mebench.training.face_pairs import SIZE, Batch, FrameStore
from mebench.training.lite_recipe import MotionRecipe
from mebench.training.lite_run import LitePreset, LiteTraining
from mebench.training.motion_losses import image_loss, motion_loss, unmirror_field
from mebench.weights import find

MOTION_WEIGHT = 10.0
IMAGE_WEIGHT = 10.0
WARPED_WEIGHT = 3.0


class LiteRecipe(MotionRecipe):
    """Self-reenactment pairs: the motion against the exact one, and the image."""

    network: LiteFsrt

    def __init__(self, store: FrameStore, preset: LitePreset) -> None:
        super().__init__(store, preset, LiteFsrt)
        self.network.reader.adopt(load_fomm(find("fomm-lite")).detector)

    def losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        half = len(batch.source)
        poses: Pose = self.network.reader(torch.cat((batch.source, batch.driving)))
        source = Pose(poses.points[:half], poses.expression[:half])
        driving = Pose(poses.points[half:], poses.expression[half:])
        rendering = self.network.render(self.network.encode(batch.source, source), driving)
        displacement = enlarge_displacement(rendering.displacement, SIZE, SIZE)
        field = unmirror_field(displacement, batch.mirrored)
        terms = {
            "motion": MOTION_WEIGHT * motion_loss(field, batch.motion, self.weight),
            "image": IMAGE_WEIGHT * image_loss(rendering.prediction, batch.driving, self.weight),
            "warped": WARPED_WEIGHT * image_loss(rendering.warped, batch.driving, self.weight),
        }
        return terms, displacement, rendering.prediction


def _save(network: LiteFsrt, path: Path, about: dict[str, str]) -> None:
    save_lite(network, path, half=True, about=about)


TRAINING = LiteTraining("fsrt-lite", LitePreset(LiteConfig(), steps=3000), LiteRecipe, _save)
"""What ``mebench train backbone fsrt --preset lite`` runs."""
