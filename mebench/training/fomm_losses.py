"""The published training losses of FOMM: perceptual, adversarial, feature matching and equivariance (section 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from mebench.backbones.fomm.discriminator import Judgement, MultiScaleDiscriminator
from mebench.backbones.fomm.generator import OcclusionAwareGenerator, Rendering
from mebench.backbones.fomm.keypoints import KeyPointDetector, KeyPoints
from mebench.backbones.fomm.sampling import AntiAliasDownsample
from mebench.training.fomm_equivariance import RandomWarp
from mebench.training.vgg import VggFeatures


@dataclass(frozen=True)
class LossWeights:
    """``train_params.loss_weights``; the defaults are those of vox-adv-256 (vox-256 has generator_gan 0)."""

    generator_gan: float = 1
    discriminator_gan: float = 1
    feature_matching: Sequence[float] = (10, 10, 10, 10)
    perceptual: Sequence[float] = (10, 10, 10, 10, 10)
    equivariance_value: float = 10
    equivariance_jacobian: float = 10


class Pyramid(nn.Module):
    """An image at several scales, anti-aliased: ``[B,C,H,W]`` to one tensor a scale."""

    def __init__(self, scales: Sequence[float], channels: int) -> None:
        super().__init__()
        self.scales = tuple(scales)
        self.downs = nn.ModuleList(AntiAliasDownsample(channels, scale) for scale in self.scales)

    def forward(self, image: torch.Tensor) -> dict[float, torch.Tensor]:
        return {scale: down(image) for scale, down in zip(self.scales, self.downs, strict=True)}


class GeneratorStep(NamedTuple):
    """losses: weighted terms by name; their sum is minimised. rendering, driving: for the discriminator step."""

    losses: dict[str, torch.Tensor]
    rendering: Rendering
    driving: KeyPoints


def perceptual_loss(
    vgg: VggFeatures, real: dict[float, torch.Tensor], made: dict[float, torch.Tensor], weights: Sequence[float]
) -> torch.Tensor:
    """Weighted mean absolute difference of VGG features, summed over layers and scales; the real side is detached."""
    total = next(iter(made.values())).new_zeros(())
    for scale, image in made.items():
        for ours, theirs, weight in zip(vgg(image), vgg(real[scale]), weights, strict=True):
            total = total + weight * (ours - theirs.detach()).abs().mean()
    return total


def feature_matching_loss(
    real: dict[float, Judgement], made: dict[float, Judgement], weights: Sequence[float]
) -> torch.Tensor:
    """Weighted mean absolute difference of the discriminator's block outputs.

    As in the published code, blocks beyond the length of ``weights`` do not count, nor do weights beyond the blocks.
    """
    total = next(iter(made.values())).prediction.new_zeros(())
    for scale, judged in made.items():
        for theirs, ours, weight in zip(real[scale].features, judged.features, weights, strict=False):
            total = total + weight * (theirs - ours).abs().mean()
    return total


def equivariance_losses(
    driving: KeyPoints, transformed: KeyPoints, warp: RandomWarp
) -> tuple[torch.Tensor, torch.Tensor]:
    """``mean |v_D - W(v_T)|`` and ``mean |I - J_D^-1 W'(v_T) J_T|`` (eq. 9 to 11), T found on the warped frame."""
    value = (driving.value - warp(transformed.value)).abs().mean()
    if driving.jacobian is None or transformed.jacobian is None:
        return value, torch.zeros_like(value)
    carried = warp.jacobian(transformed.value) @ transformed.jacobian
    ratio = torch.linalg.inv(driving.jacobian) @ carried
    return value, (torch.eye(2, device=ratio.device) - ratio).abs().mean()


@dataclass(frozen=True)
class FommLosses:
    """Both training steps of the published recipe. vgg: with ImageNet weights for training that means anything."""

    detector: KeyPointDetector
    generator: OcclusionAwareGenerator
    discriminator: MultiScaleDiscriminator
    vgg: VggFeatures
    pyramid: Pyramid
    weights: LossWeights

    def generator_step(self, source: torch.Tensor, driving: torch.Tensor, warp: RandomWarp) -> GeneratorStep:
        """source, driving: ``[B,3,H,W]``, two frames of one clip each. Terms whose weight is 0 are left out."""
        weights = self.weights
        source_points, driving_points = self.detector(source), self.detector(driving)
        rendering = self.generator(source, driving_points, source_points)
        real, made = self.pyramid(driving), self.pyramid(rendering.prediction)
        losses = {"perceptual": perceptual_loss(self.vgg, real, made, weights.perceptual)}
        if weights.generator_gan:
            points = driving_points.detach()
            judged_made, judged_real = self.discriminator(made, points), self.discriminator(real, points)
            gan = torch.stack([(1 - j.prediction).square().mean() for j in judged_made.values()]).sum()
            losses["gen_gan"] = weights.generator_gan * gan
            losses["feature_matching"] = feature_matching_loss(judged_real, judged_made, weights.feature_matching)
        if weights.equivariance_value or weights.equivariance_jacobian:
            frame = warp.frame(driving, align_corners=self.generator.align_corners)
            value, jacobian = equivariance_losses(driving_points, self.detector(frame), warp)
            losses["equivariance_value"] = weights.equivariance_value * value
            losses["equivariance_jacobian"] = weights.equivariance_jacobian * jacobian
        return GeneratorStep(losses, rendering, driving_points)

    def discriminator_step(self, driving: torch.Tensor, step: GeneratorStep) -> torch.Tensor:
        """``mean (1 - D(real))^2 + D(made)^2`` over all scales, on detached predictions and key points."""
        points = step.driving.detach()
        real = self.discriminator(self.pyramid(driving), points)
        made = self.discriminator(self.pyramid(step.rendering.prediction.detach()), points)
        terms = [((1 - real[scale].prediction).square() + made[scale].prediction.square()).mean() for scale in real]
        return self.weights.discriminator_gan * torch.stack(terms).sum()
