"""Both stages put together: enrol a source once, then render it at the landmarks of each driving frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from mebench.backbones.fomm.config import DiscriminatorConfig, FommConfig
from mebench.backbones.fomm.discriminator import MultiScaleDiscriminator
from mebench.backbones.fomm.sampling import gaussians
from mebench.backbones.metaportrait.blocks import STYLE_HIDDEN, resize_bilinear
from mebench.backbones.metaportrait.config import DISCRIMINATOR_256, GeneratorConfig
from mebench.backbones.metaportrait.refinement import WIDTH, FeatureEncoder, IdentityGenerator, IdentityStyles
from mebench.backbones.metaportrait.warping import DenseMotionNetwork, LadderEncoder, Motion, deform

IRISES = slice(29, 37)
"""Places of the eight iris points among the 58 selected landmarks."""

IRIS_VARIANCE = 0.005
"""Of the gaussians drawn at the iris points, in [-1,1] units."""


@dataclass(frozen=True)
class Driving:
    """What a driving frame gives. line: drawing ``[B,3,H,W]`` in [0,1]. points: the 58 selected landmarks
    ``[B,58,2]`` in [-1,1]. mouth: ``[B,1,H,W]``, one inside the box around the mouth."""

    line: torch.Tensor
    points: torch.Tensor
    mouth: torch.Tensor


class EncodedSource(NamedTuple):
    """What depends on the source alone. image, line: ``[B,3,H,W]``. features: four maps, coarse to fine."""

    image: torch.Tensor
    line: torch.Tensor
    features: list[torch.Tensor]
    styles: IdentityStyles

    def expand(self, batch: int) -> EncodedSource:
        """The same source for every item of a batch (only one item is stored)."""
        features = [level.expand(batch, -1, -1, -1) for level in self.features]
        image, line = (tensor.expand(batch, -1, -1, -1) for tensor in (self.image, self.line))
        return EncodedSource(image, line, features, self.styles.expand(batch))


class Rendering(NamedTuple):
    """prediction: ``[B,3,256,256]`` in [-1,1]; clipped to [0,1] it is the frame. motion: the field behind it. guides:
    the four guiding maps."""

    prediction: torch.Tensor
    motion: Motion
    guides: list[torch.Tensor]


class MetaPortrait(nn.Module):
    """The base model under the names of its checkpoint. spectral: with the tensors of spectral norm (as published), or
    without, when they have been folded into the weights. width, hidden: channels at the generator's finest level, and
    of the layers between its guides and their scales, both published."""

    def __init__(
        self, config: GeneratorConfig, *, spectral: bool = True, width: int = WIDTH, hidden: int = STYLE_HIDDEN
    ) -> None:
        super().__init__()
        self.config = config
        channels = config.num_channels
        inputs = 3 * channels
        self.ladder_network = LadderEncoder(inputs, config.ladder.z_dim, spectral=spectral)
        self.dense_motion_network = DenseMotionNetwork(inputs, config.dense_motion_params)
        self.feature_encoder = FeatureEncoder(channels, config.block_expansion, config.max_features)
        *coarse, finest = self.feature_encoder.out_channels
        fused = finest - channels
        self.fuse_high_res = nn.Conv2d(finest, fused, 3, padding=1)
        guides = [level + config.guide_channels for level in (*coarse, fused)]
        self.SPDAE_G = IdentityGenerator(
            guides, channels, spectral=spectral and config.use_SN, width=width, hidden=hidden
        )

    def encode(self, source: torch.Tensor, line: torch.Tensor, code: torch.Tensor) -> EncodedSource:
        """source, line: ``[B,3,H,W]`` in [0,1], the image and the drawing of its landmarks. code: ``[B,256]``."""
        *features, finest = self.feature_encoder(source)
        return EncodedSource(source, line, [*features, self.fuse_high_res(finest)], self.SPDAE_G.styles(code))

    def motion(self, source: EncodedSource, driving: Driving) -> Motion:
        """The warping stage."""
        seen = torch.cat((source.image, source.line, driving.line), dim=1)
        motion: Motion = self.dense_motion_network(seen, self.ladder_network(seen))
        return motion

    def render(self, source: EncodedSource, driving: Driving) -> Rendering:
        """Both stages, for as many items as ``source`` was expanded to."""
        motion = self.motion(source, driving)
        guides = self.guides(source, driving, motion)
        return Rendering(self.SPDAE_G(source.styles, guides), motion, guides)

    def guides(self, source: EncodedSource, driving: Driving, motion: Motion) -> list[torch.Tensor]:
        """Warped features and the maps beside them, coarse to fine.

        As published, the drawings are resized in a cascade, the result of one level becoming the input of the next: the
        finest level sees lines that went through the coarsest size.
        """
        config = self.config
        lines = []
        if config.with_ldmk_line:
            lines += [source.line, driving.line]
        if config.with_mouth_line:
            lines.append(driving.line * driving.mouth)
        drawn = torch.cat(lines, dim=1) if lines else driving.line[:, :0]
        guides = []
        for features in source.features:
            size = features.shape[-2:]
            drawn = resize_bilinear(drawn, size)
            maps = [deform(features, motion.deformation), resize_bilinear(motion.occlusion, size)]
            if config.with_gaze_htmap:
                maps.append(gaussians(driving.points[:, IRISES], size[0], size[1], IRIS_VARIANCE))
            guides.append(torch.cat((*maps, drawn), dim=1))
        return guides

    def forward(
        self, source: torch.Tensor, line: torch.Tensor, code: torch.Tensor, driving: Driving
    ) -> tuple[Rendering, EncodedSource]:
        """:meth:`encode`, then :meth:`render`."""
        encoded = self.encode(source, line, code)
        return self.render(encoded, driving), encoded


def discriminator(config: DiscriminatorConfig = DISCRIMINATOR_256) -> MultiScaleDiscriminator:
    """The patch discriminator of its adversarial training: FOMM's, on images alone."""
    return MultiScaleDiscriminator(FommConfig(discriminator_params=config))
