"""The published training losses of FSRT in its three phases (section 3.5 of the paper and its supplement)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch.nn import functional

from mebench.backbones.fomm.discriminator import Judgement, MultiScaleDiscriminator
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fsrt.attention import KeyValue
from mebench.backbones.fsrt.decoder import Decoder
from mebench.backbones.fsrt.detector import ExpressionEncoder, FrozenDetector
from mebench.backbones.fsrt.encoder import Encoder
from mebench.backbones.fsrt.encoding import pixel_centres
from mebench.training.vgg import VggFeatures

DISCRIMINATOR_SIZE = 256
VARIANCE_GUARD = 1e-4

WARM_UP = 2500
PEAK_RATE = 1e-4
DECAY = 0.16
DECAY_STEPS = 4_000_000
"""Published schedule: linear to the peak, then ``0.16 ** (step / 4e6)``."""


@dataclass(frozen=True)
class LossWeights:
    """The published weights."""

    mse: float = 1.0
    perceptual: float = 0.01
    generator_gan: float = 0.001
    discriminator_gan: float = 0.001
    feature_matching: float = 0.01
    variance: float = 0.2
    covariance: float = 1.0
    invariance: float = 1.0


@dataclass(frozen=True)
class Views:
    """Three colour jitters of the same frames. Views 1 and 2 may be cropped alike, to imitate motion out of the frame.

    source, source2: ``[B,S,3,N,N]``; target, target2: ``[B,3,N,N]``: views 1 and 2. source2_whole, target2_whole: view 2
    before the crop, on which the key points are found. face: ``[B,3,N,N]``, view 3 of the target, cropped around the
    face. shift, scale: ``[B,2]``, of the crop: a key point k of the whole frame is ``(k + shift) * scale`` in the
    cropped one.
    """

    source: torch.Tensor
    source2: torch.Tensor
    source2_whole: torch.Tensor
    target: torch.Tensor
    target2: torch.Tensor
    target2_whole: torch.Tensor
    face: torch.Tensor
    shift: torch.Tensor
    scale: torch.Tensor


@dataclass(frozen=True)
class Choices:
    """What is drawn at random for a step. target_view: 1 or 2, whose expression is compared with that of the face crop.
    by_face: bool ``[B]``, whether the colours are queried with the expression of the face crop (probability .75)."""

    target_view: int
    by_face: torch.Tensor


class Scene(NamedTuple):
    """What queries need. points: ``[B,K,2]`` of the target. expression: ``[B,E]``. sources: keys and values.
    regularisers: weighted terms by name."""

    points: torch.Tensor
    expression: torch.Tensor
    sources: list[KeyValue]
    regularisers: dict[str, torch.Tensor]


def crop_shift_scale(cuts: torch.Tensor, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """cuts: pixels ``[B,4]`` cut off left, right, top and bottom of a square image. Gives shift and scale ``[B,2]``."""
    left, right, top, bottom = cuts.unbind(-1)
    shift = torch.stack((right - left, bottom - top), -1) / size
    scale = size / torch.stack((size - left - right, size - top - bottom), -1)
    return shift, scale


def learning_rate(step: int) -> float:
    """The published schedule."""
    if step < WARM_UP:
        return PEAK_RATE * step / WARM_UP
    return PEAK_RATE * float(DECAY ** ((step - WARM_UP) / DECAY_STEPS))


def variance_loss(vectors: torch.Tensor) -> torch.Tensor:
    """Mean over rows of ``relu(1 - sqrt(var + 1e-4))``; the variance runs along the features of each vector ``[N,D]``,
    unlike VICReg, where it runs over the batch."""
    return functional.relu(1 - (vectors.var(dim=1) + VARIANCE_GUARD).sqrt()).mean()


def covariance_loss(vectors: torch.Tensor) -> torch.Tensor:
    """``sum_ij C_ij^2 / D`` with the unbiased covariance C over the rows of ``[N,D]``, diagonal included."""
    centred = vectors - vectors.mean(dim=0)
    covariance = centred.mT @ centred / (len(vectors) - 1)
    return covariance.square().sum() / vectors.shape[1]


@dataclass(frozen=True)
class FsrtLosses:
    """detector: frozen, in evaluation mode. vgg and discriminator: for the later phases."""

    detector: FrozenDetector
    expression_encoder: ExpressionEncoder
    encoder: Encoder
    decoder: Decoder
    weights: LossWeights = LossWeights()
    vgg: VggFeatures | None = None
    discriminator: MultiScaleDiscriminator | None = None

    def scene(self, views: Views, choices: Choices) -> Scene:
        """Encode the sources, and compare the expression vectors of the views.

        The encoder sees the colours of view 1 and the motion of view 2, so no colour travels through the motion.
        """
        count = views.source.shape[1]
        first, second = (self._expression(view.flatten(0, 1)) for view in (views.source, views.source2))
        target = self._expression(views.target if choices.target_view == 1 else views.target2)
        face = self._expression(views.face)
        with torch.no_grad():
            points = self.detector.detect(views.target2_whole).points
            found = self.detector.detect(views.source2_whole.flatten(0, 1)).points.reshape(-1, count, *points.shape[1:])
            found = (found + views.shift[:, None, None]) * views.scale[:, None, None]
            points = (points + views.shift[:, None]) * views.scale[:, None]
        tokens = self.encoder(views.source, found, second.reshape(-1, count, second.shape[-1]))
        query = torch.where(choices.by_face[:, None], face, target)
        groups = (torch.cat((first, target)), torch.cat((second, face)))
        weights = self.weights
        invariance = 0.5 * ((first - second).square().mean() + (target - face).square().mean())
        regularisers = {
            "invariance": weights.invariance * invariance,
            "variance": weights.variance * torch.stack([variance_loss(group) for group in groups]).sum(),
            "covariance": weights.covariance * torch.stack([covariance_loss(group) for group in groups]).sum(),
        }
        return Scene(points, query, self.decoder.key_values(tokens), regularisers)

    def colours(self, scene: Scene, pixels: torch.Tensor) -> torch.Tensor:
        """``[B,Q,3]``, not clamped, at pixel positions ``[Q,2]``."""
        colours: torch.Tensor = self.decoder(pixels, scene.points, scene.expression, scene.sources)
        return colours

    def strided_image(self, scene: Scene, size: int, phase: int) -> torch.Tensor:
        """Phases 2 and 3: whole frames ``[B,3,size,size]``, with gradients in one of the four strided sub-grids alone.

        phase: 0 to 3; row offset ``phase // 2``, column offset ``phase % 2``.
        """
        grid = pixel_centres(size, scene.points.device).reshape(size, size, 2)
        rows = []
        for offset in range(4):
            pixels = grid[offset // 2 :: 2, offset % 2 :: 2].flatten(0, 1)
            with torch.set_grad_enabled(torch.is_grad_enabled() and offset == phase):
                rows.append(self.colours(scene, pixels).mT.reshape(-1, 3, size // 2, size // 2))
        stacked = torch.stack(rows, dim=2).flatten(1, 2)
        return functional.pixel_shuffle(stacked, 2)

    def perceptual(self, made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """From phase 2 on: weighted mean absolute difference of VGG-19 features, at full scale alone."""
        assert self.vgg is not None
        terms = [(o - t.detach()).abs().mean() for o, t in zip(self.vgg(made), self.vgg(real), strict=True)]
        return self.weights.perceptual * torch.stack(terms).sum()

    def judge(self, image: torch.Tensor, points: torch.Tensor) -> Judgement:
        """The discriminator on the image ``[B,3,N,N]`` at 256 px and the target's key points."""
        assert self.discriminator is not None
        large = functional.interpolate(image, size=(DISCRIMINATOR_SIZE,) * 2, mode="bilinear", align_corners=True)
        judged: dict[float, Judgement] = self.discriminator({1: large}, KeyPoints(points))
        return judged[1]

    def generator_gan(self, made: torch.Tensor, real: torch.Tensor, points: torch.Tensor) -> dict[str, torch.Tensor]:
        """Phase 3: least squares, and features of the real and the made frame compared block by block."""
        judged, true = self.judge(made, points), self.judge(real, points)
        terms = [(t - o).abs().mean() for t, o in zip(true.features, judged.features, strict=True)]
        return {
            "gan": self.weights.generator_gan * (1 - judged.prediction).square().mean(),
            "feature_matching": self.weights.feature_matching * torch.stack(terms).sum(),
        }

    def discriminator_gan(self, made: torch.Tensor, real: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
        """Phase 3: ``mean (1 - D(real))^2 + D(made)^2``; in its first 500 steps nothing else learns."""
        true, judged = self.judge(real, points).prediction, self.judge(made.detach(), points).prediction
        return self.weights.discriminator_gan * ((1 - true).square() + judged.square()).mean()

    def _expression(self, images: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            detected = self.detector.detect(images)
        vector: torch.Tensor = self.expression_encoder(detected)
        return vector
