"""The training of the small EMOPortraits on rendered faces."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch

from mebench.backbones.emoportraits.lite import LiteConfig, LiteEmoPortraits, Reading
from mebench.backbones.emoportraits.lite_checkpoint import save_lite
from mebench.backbones.fomm.lite_checkpoint import load_lite as load_fomm
from mebench.training.face_pairs import Batch, FrameStore
from mebench.training.lite_recipe import MotionRecipe
from mebench.training.lite_run import LitePreset, LiteTraining
from mebench.training.motion_losses import image_loss, motion_loss, unmirror_field
from mebench.weights import find

MOTION_WEIGHT = 10.0
IMAGE_WEIGHT = 10.0
WARPED_WEIGHT = 3.0
"""As for the small FOMM, whose key points are not trained again."""


class EmoRecipe(MotionRecipe):
    """One step of pairs: the source is read, encoded and rendered with what is read of the driver."""

    def __init__(self, store: FrameStore, preset: LitePreset) -> None:
        super().__init__(store, preset, LiteEmoPortraits)
        self.animator.detector.load_state_dict(load_fomm(find("fomm-lite")).detector.state_dict())

    @property
    def animator(self) -> LiteEmoPortraits:
        return cast(LiteEmoPortraits, self.network)

    def losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        """Motion field, image of the output and of the warped source."""
        half = len(batch.source)
        both = self.animator.read(torch.cat((batch.source, batch.driving)))
        source, driving = Reading(*(part[:half] for part in both)), Reading(*(part[half:] for part in both))
        encoded = self.animator.encode(batch.source, source)
        rendering = self.animator.render(encoded, driving.transform, driving.expression)
        field = unmirror_field(rendering.displacement, batch.mirrored)
        terms = {
            "motion": MOTION_WEIGHT * motion_loss(field, batch.motion, self.weight),
            "image": IMAGE_WEIGHT * image_loss(rendering.prediction, batch.driving, self.weight),
            "warped": WARPED_WEIGHT * image_loss(rendering.warped, batch.driving, self.weight),
        }
        return terms, rendering.displacement, rendering.prediction


def _save(network: LiteEmoPortraits, path: Path, about: dict[str, str]) -> None:
    save_lite(network, path, half=True, about=about)


TRAINING = LiteTraining("emoportraits-lite", LitePreset(LiteConfig(), steps=2000), EmoRecipe, _save)
"""What ``mebench train backbone emoportraits --preset lite`` runs."""
