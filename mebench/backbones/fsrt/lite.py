"""A small FSRT that trains on one core: what ships as ``fsrt-lite`` (motion at 128 px, output at 256 px).

A variant, and labelled so. Tokens of the source, queries that carry their place, the driving key points and the driving
expression vector, and cross-attention between them are those of the published network at smaller widths. What differs:

1. The frozen detector is that of the small FOMM (:mod:`mebench.backbones.fomm.lite`; the published one is that of the
   published FOMM): 24 key points near fixed anchors, the mean layout of the standard crop. It presumes that crop.
2. The expression vector is read from 7x7 windows of the detector's features at the key points, and from the features
   under their heatmaps, instead of 7x7 convolutions that are averaged under the heatmaps.
3. A query answers with a colour, a blend, and the *weights* with which the motion of key points and expression moves
   its place: displacement = weights x (source - target), added to the mean motion of the key points near it. Without
   motion it is exactly zero.
4. The output is ``m * warped source + (1 - m) * colour``, the blend m predicted. Identity and detail come from the
   source's own pixels.
5. Queries lie on a coarse grid; their answers are enlarged. Queries do not see each other, as in the published network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fomm.lite import AnchoredHeatmaps
from mebench.backbones.fomm.sampling import sample
from mebench.backbones.fsrt.attention import KeyValue
from mebench.backbones.fsrt.config import DecoderConfig, EncoderConfig, FsrtConfig
from mebench.backbones.fsrt.decoder import Decoder
from mebench.backbones.fsrt.detector import mlp
from mebench.backbones.fsrt.encoder import Encoder
from mebench.backbones.fsrt.encoding import pixel_centres
from mebench.motion.warp import resize, warp

_MID_GREY = 0.5
"""Subtracted from every image that enters a network."""

_MOTION_UNIT = 0.03
"""Key-point motion of about 2 px of 128 in [-1,1] units, the size of an ordinary expression: motion enters in it."""


_WINDOW = 7
"""Side of the windows that the expression is read from, in cells of the feature map; that of the published kernel."""

_NEAR = 0.15
_FAR_SHARE = 0.1
"""Key points count by a gaussian of this width in [-1,1] units (10 px of 128); places where their sum is below the
share do not move with them."""


@dataclass(frozen=True)
class LiteConfig:
    """size: side of the images that are looked at. grid: side of the grid of queries. The detector's values are those
    of :class:`mebench.backbones.fomm.lite.LiteConfig`."""

    size: int = 128
    grid: int = 32
    num_kp: int = 24
    anchor_width: float = 0.08
    logit_bound: float = 4.0
    temperature: float = 0.1
    detector_width: int = 12
    detector_blocks: int = 4
    max_features: int = 128
    features_per_kp: int = 8
    expression_hidden: int = 256
    expression_size: int = 48
    stem_width: int = 16
    width: int = 128
    heads: int = 4
    head_dim: int = 32
    mlp_dim: int = 256
    encoder_layers: int = 1
    decoder_layers: int = 1
    input_mlp_dim: int = 256
    render_dims: tuple[int, ...] = (256, 256)
    pix_octaves: int = 6
    kp_octaves: int = 1

    def networks(self) -> FsrtConfig:
        """The same values in the layout of the published networks."""
        return FsrtConfig(
            num_kp=self.num_kp,
            expression_size=self.expression_size,
            image_size=self.size,
            encoder=EncoderConfig(
                pix_octaves=self.pix_octaves,
                kp_octaves=self.kp_octaves,
                num_att_blocks=self.encoder_layers,
                stem_width=self.stem_width,
                width=self.width,
                heads=self.heads,
                head_dim=self.head_dim,
                mlp_dim=self.mlp_dim,
            ),
            decoder=DecoderConfig(
                pix_octaves=self.pix_octaves,
                kp_octaves=self.kp_octaves,
                num_att_blocks=self.decoder_layers,
                input_mlp_dim=self.input_mlp_dim,
                heads=self.heads,
                head_dim=self.head_dim,
                mlp_dim=self.mlp_dim,
                render_dims=tuple(self.render_dims),
            ),
        )


class Pose(NamedTuple):
    """points: ``[B,K,2]`` in [-1,1]. expression: ``[B,E]``."""

    points: torch.Tensor
    expression: torch.Tensor

    def expand(self, batch: int) -> Pose:
        """The same pose for every item of a batch."""
        return Pose(self.points.expand(batch, -1, -1), self.expression.expand(batch, -1))


class PoseReader(AnchoredHeatmaps):
    """Images ``[B,3,S,S]`` to key points, found by a frozen detector, and expression vector."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__(config)
        self.predictor.requires_grad_(False)
        self.kp.requires_grad_(False)
        inputs = self.predictor.out_channels * (_WINDOW**2 + 1)
        self.expression = nn.Parameter(torch.empty(config.num_kp, config.features_per_kp, inputs))
        nn.init.normal_(self.expression, std=inputs**-0.5)
        pooled = config.num_kp * config.features_per_kp
        self.expression_mlp = mlp(pooled, (config.expression_hidden,), config.expression_size)

    def train(self, mode: bool = True) -> PoseReader:
        """The detector stays in evaluation mode."""
        super().train(mode)
        self.predictor.eval()
        return self

    def adopt(self, detector: AnchoredHeatmaps) -> None:
        """Take the weights and the anchors of a trained detector."""
        for name in ("predictor", "kp"):
            self.get_submodule(name).load_state_dict(detector.get_submodule(name).state_dict())
        self.anchors.copy_(detector.anchors)

    def forward(self, image: torch.Tensor) -> Pose:
        with torch.no_grad():
            points, pooled, maps = self.read(image)
            side = maps.shape[-1]
            steps = (torch.arange(_WINDOW, device=maps.device) - _WINDOW // 2) * (2 / (side - 1))
            offsets = torch.stack((steps.expand(_WINDOW, -1), steps[:, None].expand(-1, _WINDOW)), -1).flatten(0, 1)
            windows = sample(maps, points[:, :, None] + offsets, align_corners=True, padding="border")
            seen = torch.cat((windows.movedim(1, 2).flatten(2), pooled), dim=2)
        features = torch.einsum("bkc,kfc->bkf", seen, self.expression)
        return Pose(points, self.expression_mlp(features.flatten(1)))


class EncodedLite(NamedTuple):
    """What depends on the source alone. image: ``[B,3,H,W]`` at the size of the output. sources: keys and values of
    its tokens, one entry a decoder layer. pose: its own."""

    image: torch.Tensor
    sources: list[KeyValue]
    pose: Pose

    def expand(self, batch: int) -> EncodedLite:
        """The same source for every item of a batch (only one item is stored)."""
        sources = [KeyValue(*(part.expand(batch, -1, -1, -1) for part in pair)) for pair in self.sources]
        return EncodedLite(self.image.expand(batch, -1, -1, -1), sources, self.pose.expand(batch))


class LiteRendering(NamedTuple):
    """prediction, warped: ``[B,3,H,W]`` in [0,1], the frame and the warped source alone. displacement: ``[B,2,G,G]``
    on the grid of queries, in pixels of the small image: place p of the output shows ``p + displacement``."""

    prediction: torch.Tensor
    warped: torch.Tensor
    displacement: torch.Tensor


class LiteFsrt(nn.Module):
    """Pose reader, encoder and decoder in one module."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        networks = config.networks()
        self.codes = 2 * config.num_kp + config.expression_size
        self.reader = PoseReader(config)
        self.encoder = Encoder(networks)
        self.decoder = Decoder(networks, outputs=4 + 2 * self.codes)
        last = self.decoder.render_mlp[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight[3:].mul_(0.1)
            last.bias[:3] = 0.0
            last.bias[3] = 2.0  # the blend starts at .88 of the warped source

    def encode(self, image: torch.Tensor, pose: Pose | None = None) -> EncodedLite:
        """image: ``[B,3,H,W]`` square, at the size of the output; pose: its own, if it is known."""
        small = resize(image, self.config.size)
        found: Pose = self.reader(small) if pose is None else pose
        tokens = self.encoder((small - _MID_GREY)[:, None], found.points[:, None], found.expression[:, None])
        return EncodedLite(image, self.decoder.key_values(tokens), found)

    def render(self, encoded: EncodedLite, target: Pose) -> LiteRendering:
        """The source in the target pose; the output has the size of ``encoded.image``."""
        grid = self.config.grid
        pixels = pixel_centres(grid, encoded.image.device)
        answers = self.decoder(pixels, target.points, target.expression, encoded.sources)
        answers = answers.mT.reshape(len(answers), -1, grid, grid)
        colour, blend, weights = answers[:, :3], answers[:, 3:4], answers[:, 4:]
        displacement = self.displacement(weights, encoded.pose, target, pixels)
        size = encoded.image.shape[-1]
        warped = warp(encoded.image, enlarge_displacement(displacement, self.config.size, size))
        mask = _enlarge(torch.sigmoid(blend), size, "bilinear")
        painted = _enlarge(torch.sigmoid(colour), size, "bicubic").clamp(0.0, 1.0)
        return LiteRendering(mask * warped + (1 - mask) * painted, warped, displacement)

    def displacement(self, weights: torch.Tensor, source: Pose, target: Pose, pixels: torch.Tensor) -> torch.Tensor:
        """weights: ``[B,2*codes,G,G]`` at ``pixels`` ``[G*G,2]``. Gives ``[B,2,G,G]`` in pixels of the small image."""
        points = source.points - target.points
        motion = torch.cat((points.flatten(1) / _MOTION_UNIT, source.expression - target.expression), dim=1)
        learned = torch.einsum("bdcp,bc->bdp", weights.reshape(len(weights), 2, self.codes, -1), motion)
        distance = (pixels[None, :, None] - target.points[:, None]).square().sum(-1)
        near = torch.exp(distance / (-2 * _NEAR**2))
        share = near / (near.sum(-1, keepdim=True) + _FAR_SHARE)
        mean = (share @ points).mT * (self.config.size / 2)
        return (learned + mean).reshape(len(weights), 2, *weights.shape[2:])


def enlarge_displacement(displacement: torch.Tensor, small: int, size: int) -> torch.Tensor:
    """``[B,2,G,G]`` in pixels of an image of side ``small`` to ``[B,2,size,size]`` in pixels of one of side ``size``;
    the edges of all three coincide."""
    return _enlarge(displacement, size, "bicubic") * (size / small)


def _enlarge(image: torch.Tensor, size: int, mode: str) -> torch.Tensor:
    if image.shape[-1] == size:
        return image
    return functional.interpolate(image, size=(size, size), mode=mode, align_corners=False)
