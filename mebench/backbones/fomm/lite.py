"""A small FOMM: anchored key points, coarse dense motion, and an output that is mostly the warped source.

It keeps the published block structure and differs in five points, each of which serves small motion and short training:

1. The heatmap of a key point carries a Gaussian prior around a fixed anchor (the mean place of one facial point in the
   standard crop), and the learned part is bounded, so that a point stays on its own piece of the face.
2. The detector reads the image at full resolution, 2x2 pixels folded into channels, and its jacobians are read from
   the features averaged under the heatmap.
3. The output is ``m * warp(source) + (1 - m) * painted``, the map m predicted: without motion it is nearly the source.
4. What is enlarged is the displacement, not the map of positions: cubic interpolation does not reproduce a ramp, but
   it reproduces zero.
5. All sampling is corner-aligned with the border repeated, so that no motion is exactly the identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fomm.blocks import ConvBlock, DownBlock, Hourglass, ResidualBlock, UpBlock
from mebench.backbones.fomm.dense_motion import deform_by_each, heatmap_difference, sparse_motions
from mebench.backbones.fomm.keypoints import KeyPoints
from mebench.backbones.fomm.sampling import coordinate_grid, sample
from mebench.motion.warp import resize, warp

_MID_GREY = 0.5
"""Subtracted from every image that enters a network."""


@dataclass(frozen=True)
class LiteConfig:
    """size: side of the images the motion is estimated on. anchor_width: standard deviation of the anchor prior in
    [-1,1] units (5 px of 128). logit_bound: the learned part of a log heatmap stays within plus or minus this."""

    num_kp: int = 24
    size: int = 128
    anchor_width: float = 0.08
    logit_bound: float = 4.0
    temperature: float = 0.1
    detector_width: int = 12
    detector_blocks: int = 4
    motion_width: int = 16
    motion_blocks: int = 3
    motion_size: int = 32
    kp_variance: float = 0.01
    max_features: int = 128
    painter_width: int = 8
    painter_downs: int = 2
    painter_residuals: int = 2
    painter_max_features: int = 64


class Anchored(Protocol):
    """The values of a configuration that decide an anchored detector; :class:`LiteConfig` says what they are."""

    @property
    def num_kp(self) -> int: ...
    @property
    def anchor_width(self) -> float: ...
    @property
    def logit_bound(self) -> float: ...
    @property
    def temperature(self) -> float: ...
    @property
    def detector_width(self) -> int: ...
    @property
    def detector_blocks(self) -> int: ...
    @property
    def max_features(self) -> int: ...


class AnchoredHeatmaps(nn.Module):
    """Images ``[B,3,S,S]`` to one heatmap a key point, near its anchor."""

    anchors: torch.Tensor

    def __init__(self, config: Anchored) -> None:
        super().__init__()
        self.config = config
        self.predictor = Hourglass(3 * 4, config.detector_width, config.detector_blocks, config.max_features)
        self.kp = nn.Linear(self.predictor.out_channels, config.num_kp)
        self.register_buffer("anchors", torch.zeros(config.num_kp, 2))

    def read(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Key points ``[B,K,2]`` in [-1,1], the features under each one's heatmap ``[B,K,C]``, and the map of
        features ``[B,C,S/2,S/2]``, whose corners are those of the key points' frame."""
        maps = self.predictor(functional.pixel_unshuffle(image - _MID_GREY, 2))
        height, width = maps.shape[-2:]
        features = maps.flatten(2)
        grid = coordinate_grid(height, width, maps).reshape(-1, 2)
        prior = (grid - self.anchors[:, None]).square().sum(-1) / (-2 * self.config.anchor_width**2)
        bound = self.config.logit_bound
        logits = (self.kp.weight @ features + self.kp.bias[:, None]) / self.config.temperature
        heatmap = torch.softmax(bound * torch.tanh(logits / bound) + prior, dim=2)
        return heatmap @ grid, heatmap @ features.mT, maps


class AnchoredDetector(AnchoredHeatmaps):
    """Images ``[B,3,S,S]`` to key points near their anchors, with jacobians read from the features there."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__(config)
        self.jacobian = nn.Parameter(torch.zeros(config.num_kp, 4, self.predictor.out_channels))

    def forward(self, image: torch.Tensor) -> KeyPoints:
        points, pooled, _ = self.read(image)
        bend = torch.einsum("bkc,kjc->bkj", pooled, self.jacobian)
        jacobian = torch.eye(2, dtype=bend.dtype, device=bend.device) + bend.reshape(*bend.shape[:2], 2, 2)
        return KeyPoints(points, jacobian)


class LiteMotion(NamedTuple):
    """deformation: ``[B,h,w,2]`` positions in the source. occlusion: ``[B,1,h,w]``. mask: ``[B,K+1,h,w]``."""

    deformation: torch.Tensor
    occlusion: torch.Tensor
    mask: torch.Tensor


class LiteDenseMotion(nn.Module):
    """As the published network, at a quarter of the size and with 3x3 heads."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        candidates = config.num_kp + 1
        self.hourglass = Hourglass(candidates * 4, config.motion_width, config.motion_blocks, config.max_features)
        self.mask = nn.Conv2d(self.hourglass.out_channels, candidates, 3, padding=1)
        self.occlusion = nn.Conv2d(self.hourglass.out_channels, 1, 3, padding=1)

    def forward(self, reduced: torch.Tensor, driving: KeyPoints, source: KeyPoints) -> LiteMotion:
        height, width = reduced.shape[-2:]
        heatmap = heatmap_difference(driving, source, height, width, self.config.kp_variance)
        motions = sparse_motions(driving, source, height, width)
        deformed = deform_by_each(reduced - _MID_GREY, motions, align_corners=True)
        features = self.hourglass(torch.cat((heatmap[:, :, None], deformed), dim=2).flatten(1, 2))
        mask = torch.softmax(self.mask(features), dim=1)
        deformation = (mask[..., None] * motions).sum(1)
        return LiteMotion(deformation, torch.sigmoid(self.occlusion(features)), mask)


class Painter(nn.Module):
    """Encodes the source, and paints a frame from its warped features together with the blend map."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        widths = [
            min(config.painter_max_features, config.painter_width * 2**i) for i in range(config.painter_downs + 1)
        ]
        self.first = ConvBlock(3, widths[0], 5)
        self.downs = nn.Sequential(*(DownBlock(widths[i], widths[i + 1]) for i in range(config.painter_downs)))
        self.residuals = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(config.painter_residuals)))
        self.ups = nn.Sequential(*(UpBlock(widths[i + 1], widths[i]) for i in reversed(range(config.painter_downs))))
        self.final = nn.Conv2d(widths[0], 4, 5, padding=2)
        with torch.no_grad():
            assert self.final.bias is not None
            self.final.bias[3] = 2.0  # the blend starts at .88 of the warped source

    def encode(self, source: torch.Tensor) -> torch.Tensor:
        """``[B,3,S,S]`` to features ``[B,C,S/4,S/4]``."""
        features: torch.Tensor = self.downs(self.first(source - _MID_GREY))
        return features

    def forward(self, features: torch.Tensor, motion: LiteMotion) -> tuple[torch.Tensor, torch.Tensor]:
        """Painted frame ``[B,3,S,S]`` in [0,1] and blend map ``[B,1,S,S]``, 1 where the warped source is taken."""
        warped = sample(features, motion.deformation, align_corners=True, padding="border") * motion.occlusion
        x = self.final(self.ups(self.residuals(warped)))
        return torch.sigmoid(x[:, :3]), torch.sigmoid(x[:, 3:])


class EncodedLite(NamedTuple):
    """What depends on the source alone. image: ``[B,3,H,W]`` at the size of the output; small: ``[B,3,S,S]``;
    reduced: ``[B,3,h,w]`` at the size of the motion field; features: of the painter; points: its key points."""

    image: torch.Tensor
    small: torch.Tensor
    reduced: torch.Tensor
    features: torch.Tensor
    points: KeyPoints

    def expand(self, batch: int) -> EncodedLite:
        """The same source for every item of a batch (only one item is stored)."""
        image, small, reduced, features = (tensor.expand(batch, -1, -1, -1) for tensor in self[:4])
        return EncodedLite(image, small, reduced, features, self.points.expand(batch))


class LiteRendering(NamedTuple):
    """prediction, warped: ``[B,3,H,W]`` in [0,1], the frame and the warped source alone. displacement: ``[B,2,S,S]``
    in pixels of the small image: output position p shows what the source shows at ``p + displacement``."""

    prediction: torch.Tensor
    warped: torch.Tensor
    displacement: torch.Tensor
    motion: LiteMotion


class LiteFomm(nn.Module):
    """Key points, dense motion and painter in one module."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        self.detector = AnchoredDetector(config)
        self.dense_motion = LiteDenseMotion(config)
        self.painter = Painter(config)

    def encode(self, image: torch.Tensor, points: KeyPoints | None = None) -> EncodedLite:
        """image: ``[B,3,H,W]`` square, at the size of the output; points: its key points, if they are known."""
        small = resize(image, self.config.size)
        reduced = functional.avg_pool2d(small, self.config.size // self.config.motion_size)
        found = self.detector(small) if points is None else points
        return EncodedLite(image, small, reduced, self.painter.encode(small), found)

    def render(self, encoded: EncodedLite, driving: KeyPoints) -> LiteRendering:
        """The source moved to the driving key points; the output has the size of ``encoded.image``."""
        motion: LiteMotion = self.dense_motion(encoded.reduced, driving, encoded.points)
        painted, blend = self.painter(encoded.features, motion)
        displacement = self.displacement(motion)
        warped = warp(encoded.image, _enlarge_displacement(displacement, encoded.image.shape[-1]))
        size = tuple(encoded.image.shape[-2:])
        blend = _enlarge(blend, size, "bilinear")
        painted = _enlarge(painted, size, "bicubic").clamp(0.0, 1.0)
        return LiteRendering(blend * warped + (1 - blend) * painted, warped, displacement, motion)

    def displacement(self, motion: LiteMotion) -> torch.Tensor:
        """Pixels of the small image, ``[B,2,S,S]``: the offset of the coarse map, enlarged corner-aligned."""
        height, width = motion.deformation.shape[1:3]
        offset = (motion.deformation - coordinate_grid(height, width, motion.deformation)).movedim(-1, 1)
        size = self.config.size
        fine = functional.interpolate(offset, size=(size, size), mode="bicubic", align_corners=True)
        return fine * ((size - 1) / 2)


def _enlarge(image: torch.Tensor, size: tuple[int, ...], mode: str) -> torch.Tensor:
    if tuple(image.shape[-2:]) == size:
        return image
    return functional.interpolate(image, size=size, mode=mode, align_corners=False)


def _enlarge_displacement(displacement: torch.Tensor, size: int) -> torch.Tensor:
    """From the small image's pixels to those of the output; edges of both images coincide."""
    small = displacement.shape[-1]
    return _enlarge(displacement, (size, size), "bicubic") * (size / small)
