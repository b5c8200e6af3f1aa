"""A small animator from landmark drawings for the open set: a slim variant of MetaPortrait on the 468-point face mesh.

Kept from the published model: source and two coloured landmark drawings go to a ladder that gives a style code and to a
U-net, scaled by that code, that gives motion and occlusion; source features are warped; the pyramid of warped features,
occlusion, eye gaussians and drawings guides a generator that starts from an identity code. What differs, and why (no
pretrained loss, a few minutes of training, sub-pixel motion):

1. Its own layout: 468 points of the face mesh, 252 lines in colours of its own, drawn at a sixteenth of a pixel.
2. The landmarks' displacement also enters as numbers (:mod:`.carried`). Drawings alone need long training until a
   network reads a tenth of a pixel off them. The U-net's output scales and corrects this field.
3. Before that, a linear map steadies the displacement (:class:`SteadyMotion`): what 468 landmarks have in common is
   expression and head motion, the rest is the tracker's noise.
4. The style code scales and shifts without instance norm, which would take away the size of a small expression.
5. The U-net's answer to the unmoved source is subtracted, so that no motion is exactly the identity; sampling is
   corner-aligned, the border repeated.
6. The output is ``m * warp(source) + (1 - m) * painted``, the map m predicted: identity comes from the source's pixels.
7. The identity code is read from the source's own features: no face recogniser takes part. Eight points of the eye
   outlines take the irises' place, which the mesh lacks. The drawings are not resized in a cascade.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fomm.sampling import gaussians, sample
from mebench.backbones.metaportrait.blocks import StyleScale, resize_bilinear
from mebench.backbones.metaportrait.carried import carried_field
from mebench.backbones.metaportrait.config import DenseMotionConfig
from mebench.backbones.metaportrait.generator import IRIS_VARIANCE
from mebench.backbones.metaportrait.refinement import FeatureEncoder, IdentityGenerator, IdentityStyles
from mebench.backbones.metaportrait.warping import LadderEncoder, StyledHourglass
from mebench.motion.landmarks import POINTS
from mebench.motion.warp import pixel_grid, resize, warp

EYE_POINTS = (33, 159, 133, 145, 362, 386, 263, 374)
"""Outline of both eyes in the mesh: corner, upper lid, corner, lower lid."""

MOUTH_POINTS = (61, 291, 0, 17)
"""Corners, top and bottom of the mouth in the mesh."""

MOUTH_MARGIN = 5 / 256
"""Published margin of the mouth's box, in sides of the image."""

TRACKERS = ("follow", "mesh")
"""How the driver's landmarks are found: followed from the onset frame, or detected in every frame."""

_MID_GREY = 0.5
"""Subtracted from every image that enters a network."""


@dataclass(frozen=True)
class LiteConfig:
    """size: side of the images that are read and painted. field: cells of the motion field; the U-net sees twice that.
    rank: of the map that steadies the landmarks. style, code: lengths of the style and identity codes. The rest are
    channel counts; hidden: of the layer between a guiding map and its scale."""

    size: int = 128
    field: int = 32
    rank: int = 64
    style: int = 32
    code: int = 32
    ladder: tuple[int, ...] = (16, 32, 64, 64)
    motion_width: int = 16
    motion_blocks: int = 4
    motion_max_features: int = 128
    feature_width: int = 8
    feature_max_features: int = 64
    painter_width: int = 6
    painter_hidden: int = 8


class SteadyMotion(nn.Module):
    """Displacements of all landmarks to what they have in common: a linear map of low rank."""

    read: torch.Tensor
    write: torch.Tensor

    def __init__(self, points: int, rank: int) -> None:
        super().__init__()
        self.register_buffer("read", torch.zeros(rank, 2 * points))
        self.register_buffer("write", torch.zeros(2 * points, rank))

    def forward(self, displacement: torch.Tensor) -> torch.Tensor:
        """``[B,N,2]`` in pixels of the small image, both before and after."""
        steady = functional.linear(functional.linear(displacement.flatten(1), self.read), self.write)
        return steady.reshape(displacement.shape)


class LiteMotion(NamedTuple):
    """displacement: ``[B,2,f,f]`` in pixels of the small image. occlusion: ``[B,1,S,S]``."""

    displacement: torch.Tensor
    occlusion: torch.Tensor


class LiteWarping(nn.Module):
    """Source, two drawings and the carried field to motion and occlusion."""

    INPUTS = 3 * 3 + 3

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        params = DenseMotionConfig(
            block_expansion=config.motion_width,
            max_features=config.motion_max_features,
            num_blocks=config.motion_blocks,
            dec_lease=1,
            AdaINc=config.style,
        )
        side = 2 * config.field
        self.ladder = LadderEncoder(self.INPUTS, config.style, spectral=False, widths=config.ladder, side=side)
        self.hourglass = StyledHourglass(self.INPUTS, params, StyleScale)
        self.flow = nn.Conv2d(self.hourglass.out_channels, 4, 5, padding=2)
        self.occlusion = nn.Conv2d(self.hourglass.out_channels, 1, 5, padding=2)
        for head in (self.flow, self.occlusion):
            assert head.bias is not None
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def read(
        self,
        image: torch.Tensor,
        lines: torch.Tensor,
        driving_lines: torch.Tensor,
        field: torch.Tensor,
        cover: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Raw flow head ``[B,4,f,f]`` and occlusion logits ``[B,1,f,f]``. image, drawings: ``[B,3,S,S]``."""
        seen = torch.cat((image - _MID_GREY, lines, driving_lines), 1)
        seen = functional.avg_pool2d(seen, self.config.size // (2 * self.config.field))
        carried = torch.cat((field, cover), 1)
        carried = functional.interpolate(carried, size=seen.shape[-2:], mode="bilinear", align_corners=True)
        seen = torch.cat((seen, carried), 1)
        features = self.hourglass(seen, self.ladder(seen))
        return self.flow(features), self.occlusion(features)


class EncodedLite(NamedTuple):
    """What depends on the source alone. image: ``[B,3,H,W]`` at the size of the output; small, line: ``[B,3,S,S]``;
    points: ``[B,N,2]`` in pixels of the small image; still: the U-net's answer to no motion. features: four maps, and
    styles of the identity code: for the painter."""

    image: torch.Tensor
    small: torch.Tensor
    line: torch.Tensor
    points: torch.Tensor
    still: torch.Tensor
    features: list[torch.Tensor]
    styles: IdentityStyles | None

    def expand(self, batch: int) -> EncodedLite:
        """The same source for every item of a batch (only one item is stored)."""
        image, small, line, still = (
            tensor.expand(batch, -1, -1, -1) for tensor in (self.image, self.small, self.line, self.still)
        )
        features = [level.expand(batch, -1, -1, -1) for level in self.features]
        points = self.points.expand(batch, -1, -1)
        styles = None if self.styles is None else self.styles.expand(batch)
        return EncodedLite(image, small, line, points, still, features, styles)


class LiteRendering(NamedTuple):
    """prediction, warped: ``[B,3,H,W]`` in [0,1], the frame and the warped source alone. displacement: ``[B,2,S,S]``
    in pixels of the small image: output position p shows what the source shows at ``p + displacement``."""

    prediction: torch.Tensor
    warped: torch.Tensor
    displacement: torch.Tensor


class LiteMetaPortrait(nn.Module):
    """Both stages, slim."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        self.steady = nn.ModuleDict({name: SteadyMotion(POINTS, config.rank) for name in TRACKERS})
        self.warping = LiteWarping(config)
        self.feature_encoder = FeatureEncoder(3, config.feature_width, config.feature_max_features)
        *coarse, finest = self.feature_encoder.out_channels
        self.fuse_high_res = nn.Conv2d(finest, config.feature_width, 3, padding=1)
        guides = [width + 1 + len(EYE_POINTS) + 9 for width in (*coarse, config.feature_width)]
        self.code = nn.Linear(coarse[0], config.code)
        self.painter = IdentityGenerator(
            guides,
            4,
            spectral=False,
            code=config.code,
            width=config.painter_width,
            middles=1,
            hidden=config.painter_hidden,
        )
        with torch.no_grad():
            assert self.painter.conv_img.bias is not None
            self.painter.conv_img.bias[3] = 1.0  # the blend starts at about .9 of the warped source

    def encode(
        self, image: torch.Tensor, line: torch.Tensor, points: torch.Tensor, *, paint: bool = True
    ) -> EncodedLite:
        """image: ``[B,3,H,W]`` square, at the size of the output; line: its drawing ``[B,3,S,S]``; points: its
        landmarks ``[B,468,2]`` in pixels of the small image. Without ``paint``, frames will be the warped source."""
        small = resize(image, self.config.size)
        field, cover = carried_field(points, points, self.config.size, self.config.field)
        still, _ = self.warping.read(small, line, line, field, cover)
        if not paint:
            return EncodedLite(image, small, line, points, still, [], None)
        *features, finest = self.feature_encoder(small - _MID_GREY)
        styles = self.painter.styles(self.code(features[0].mean((2, 3))))
        return EncodedLite(image, small, line, points, still, [*features, self.fuse_high_res(finest)], styles)

    def render(self, source: EncodedLite, line: torch.Tensor, points: torch.Tensor) -> LiteRendering:
        """The source moved to landmarks ``[B,468,2]`` (already steady), whose drawing is ``line``; the output has the
        size of ``source.image``."""
        motion = self.motion(source, line, points)
        displacement = self.enlarged(motion.displacement)
        warped = warp(source.image, enlarge_displacement(displacement, source.image.shape[-1]))
        if source.styles is None:
            return LiteRendering(warped, warped, displacement)
        painted = self.painter.paint(
            self.painter.blocks(source.styles, self.guides(source, line, points, motion))["up_3"]
        )
        size = tuple(source.image.shape[-2:])
        blend = resize_bilinear(torch.sigmoid(3 * painted[:, 3:]), size)
        frame = functional.interpolate(painted[:, :3], size=size, mode="bilinear", align_corners=False)
        frame = (frame * 0.5 + 0.5).clamp(0.0, 1.0)
        return LiteRendering(blend * warped + (1 - blend) * frame, warped, displacement)

    def steadied(self, displacement: torch.Tensor, tracker: str) -> torch.Tensor:
        """Tracked displacements ``[B,468,2]``, pixels of the small image, through the map fitted for the tracker."""
        steady: torch.Tensor = self.steady[tracker](displacement)
        return steady

    def motion(self, source: EncodedLite, line: torch.Tensor, points: torch.Tensor) -> LiteMotion:
        """The carried field, scaled and corrected by the U-net."""
        field, cover = carried_field(source.points, points, self.config.size, self.config.field)
        answer, occlusion = self.warping.read(source.small, source.line, line, field, cover)
        scale, correction = (answer - source.still).chunk(2, dim=1)
        size = (self.config.size, self.config.size)
        return LiteMotion(field * (1 + scale) + correction, resize_bilinear(torch.sigmoid(occlusion), size))

    def guides(
        self, source: EncodedLite, line: torch.Tensor, points: torch.Tensor, motion: LiteMotion
    ) -> list[torch.Tensor]:
        """Warped features and the maps beside them, coarse to fine."""
        side = self.config.size
        half = (side - 1) / 2
        deformation = _positions(motion.displacement, half)
        drawn = torch.cat((source.line, line, line * mouth_box(points, side)), 1)
        eyes = points[:, EYE_POINTS, :] / half - 1
        guides = []
        for features in source.features:
            size = features.shape[-2:]
            where = functional.interpolate(
                deformation.movedim(-1, 1), size=tuple(size), mode="bilinear", align_corners=True
            ).movedim(1, -1)
            moved = sample(features, where, align_corners=True, padding="border")
            maps = (moved, resize_bilinear(motion.occlusion, size), gaussians(eyes, size[0], size[1], IRIS_VARIANCE))
            guides.append(torch.cat((*maps, functional.avg_pool2d(drawn, side // size[0])), dim=1))
        return guides

    def enlarged(self, displacement: torch.Tensor) -> torch.Tensor:
        """The field at the small image's pixels ``[B,2,S,S]``: cubic, corner-aligned, no motion stays none."""
        size = (self.config.size, self.config.size)
        return functional.interpolate(displacement, size=size, mode="bicubic", align_corners=True)


def mouth_box(points: torch.Tensor, side: int) -> torch.Tensor:
    """``[B,1,S,S]``: one inside the box around the mouth of landmarks ``[B,468,2]`` in pixels."""
    left, right, top, bottom = (
        points[:, point, axis, None, None] for point, axis in zip(MOUTH_POINTS, (0, 0, 1, 1), strict=True)
    )
    x, y = pixel_grid(side, side, points)
    margin = MOUTH_MARGIN * side
    inside = (x >= left - margin) & (x <= right + margin) & (y >= top - margin) & (y <= bottom + margin)
    box: torch.Tensor = inside[:, None].to(points.dtype)
    return box


def enlarge_displacement(displacement: torch.Tensor, size: int) -> torch.Tensor:
    """From the small image's pixels to those of the output; edges of both images coincide."""
    small = displacement.shape[-1]
    if small == size:
        return displacement
    larger: torch.Tensor = functional.interpolate(displacement, size=(size, size), mode="bicubic", align_corners=False)
    return larger * float(size / small)


def _positions(displacement: torch.Tensor, half: float) -> torch.Tensor:
    """A displacement ``[B,2,f,f]`` in pixels as positions ``[B,f,f,2]`` in [-1,1]."""
    cells = displacement.shape[-1]
    line = torch.linspace(-1.0, 1.0, cells, dtype=displacement.dtype, device=displacement.device)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack((x, y), -1) + displacement.movedim(1, -1) / half
