"""A small volumetric animator for the open set: a slim variant of EMOPortraits, trained by this project.

Kept from the published model: head transforms theta = S R T, an expression vector read from a face that theta aligns,
an identity map, a warp embedding that drives two generators of volume warps through adaptive norms, a volume that is
brought to the canonical head and processed there once per source, and is warped and turned for every frame.
What differs, and why (few faces, little time to train, micro-motion to be carried):

1. Pose and expression are linear in the anchored key points of the small FOMM
   (:class:`~mebench.backbones.fomm.lite.AnchoredDetector`, its trained weights, frozen) instead of pooled ResNets:
   positions of soft maxima carry sub-pixel motion. Theta aligns the points instead of a picture of the face.
2. The driver's expression is its difference from the source's, enlarged, so that a small one is seen beside identity.
3. Beside features, the volume carries positions of the source: following a voxel of the output through both warps and
   both head transforms gives where it came from. Their difference to the unmoved source, averaged over depth with
   learned weights, is a displacement; the output is ``m * warp(source) + (1 - m) * painted``. Without motion it is
   nearly the source.
4. Lattices and sampling are both corner-aligned, with the border repeated, so that no motion is exactly the identity.
5. No spectral norm, no weight standardisation, 8 groups a norm, and neither norm nor rectifier before the warp's last
   convolution: the norm would take away the size of a small expression, and without it a rectifier can fall silent for
   every face, after which no expression reaches the output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.emoportraits.blocks import ResidualBlock
from mebench.backbones.emoportraits.encoders import AppearanceEncoder
from mebench.backbones.emoportraits.geometry import head_transform, lattice, rigid_warp
from mebench.backbones.emoportraits.layers import Style
from mebench.backbones.emoportraits.options import Options
from mebench.backbones.emoportraits.volumes import CanonicalVolume
from mebench.backbones.emoportraits.warps import WarpGenerator
from mebench.backbones.fomm.lite import AnchoredDetector
from mebench.backbones.fomm.lite import LiteConfig as PointConfig
from mebench.motion.warp import resize, warp

if TYPE_CHECKING:
    from typing_extensions import Self

HEAD_SCALE = 0.7
"""Scale of theta before training: the canonical volume then has room around the head."""

_POINT_UNIT = 0.03
"""Displacements of key points enter in this part of [-1,1] (2 px of 128), their spread within a person."""

_BEND_UNIT = 0.1
"""Likewise for what jacobians add to the identity."""

_EXPRESSION_UNIT = 0.1
"""The driver's expression enters the warps as its difference from the source's in this unit, about that of an ordinary
expression; as it is, it would be a hundredth of the embedding, and hardly be learned beside the head transform."""

_POSE_UNIT = 0.02
"""Scales the numbers of the head transform: about 1 px of 128."""


@dataclass(frozen=True)
class LiteConfig:
    """size: side of the images that are read. field: of the warps and of the motion. volume, depth, channels: of the
    volume. expression: length of its vector. width: of the warp generators at full size. embedding: widest channel
    count."""

    size: int = 128
    field: int = 32
    volume: int = 16
    depth: int = 4
    channels: int = 8
    expression: int = 48
    width: int = 8
    embedding: int = 32

    def options(self) -> Options:
        """Of the published architecture, at these sizes; the volume's encoder sees half the size of the images."""
        return Options(
            image_size=self.size // 2,
            gen_num_channels=self.width,
            gen_max_channels=self.embedding,
            enc_channel_mult=2,
            latent_volume_channels=self.channels,
            latent_volume_depth=self.depth,
            latent_volume_size=self.volume,
            gen_dummy_input_size=4,
            gen_max_channels_unet3d=2 * self.channels,
            warp_output_size=self.field,
            idt_output_channels=self.embedding,
            lpe_output_channels_expression=self.expression,
        )


STYLE = Style(groups=8, published=False)


class IdentityMap(nn.Module):
    """Images ``[B,3,S/2,S/2]`` to ``[B,E,4,4]``."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        widths = [8, 16, 24, 32, config.embedding]
        blocks = (ResidualBlock(2, widths[i], widths[i + 1], sampling="down", style=STYLE) for i in range(4))
        self.net = nn.Sequential(nn.Conv2d(3, widths[0], 3, padding=1), *blocks)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return functional.adaptive_avg_pool2d(self.net(image), 4)


class LiteWarp(WarpGenerator):
    """A warp generator that starts at no warp; its last convolution reads the last block as it is."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, STYLE)
        self.pre_head = nn.Sequential()
        last = self.head.get_submodule("0.0")
        assert isinstance(last, nn.Conv3d) and last.bias is not None
        nn.init.normal_(last.weight, std=1e-3)
        nn.init.zeros_(last.bias)


class LiteDecoder(nn.Module):
    """The turned volume ``[B,C*D,s,s]`` to weights over depth, a painted picture and a blend map."""

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        wide, narrow = config.embedding, config.embedding // 2
        self.res_decoder = nn.Sequential(
            nn.Conv2d(config.channels * config.depth, wide, 1),
            ResidualBlock(2, wide, wide, style=STYLE),
            ResidualBlock(2, wide, wide, style=STYLE),
        )
        self.depth = nn.Conv2d(wide, config.depth, 3, padding=1)
        self.dec_img_blocks = nn.Sequential(ResidualBlock(2, wide, narrow, sampling="up", style=STYLE))
        self.dec_img_head = nn.Sequential(STYLE.norm(narrow), nn.ReLU(), nn.Conv2d(narrow, 4, 3, padding=1))
        last = self.dec_img_head[2]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        with torch.no_grad():
            last.bias[3] = 2.0  # the blend starts at .88 of the warped source

    def forward(self, volume: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Gives ``[B,D,s,s]`` (sums to 1), ``[B,3,2s,2s]`` in [0,1] and ``[B,1,2s,2s]``, 1 for the warped source."""
        features = self.res_decoder(volume)
        painted = self.dec_img_head(self.dec_img_blocks(features))
        weights = torch.softmax(self.depth(features), dim=1)
        return weights, torch.sigmoid(painted[:, :3]), torch.sigmoid(painted[:, 3:])


class Reading(NamedTuple):
    """transform: theta ``[B,4,4]``; expression: ``[B,N]``."""

    transform: torch.Tensor
    expression: torch.Tensor


class EncodedLite(NamedTuple):
    """What depends on the source alone. image: ``[B,3,H,W]`` at the size of the output. transform,
    expression: read of it. identity: ``[B,E,4,4]``. canonical: ``[B,C,D,s,s]``. xy_delta: ``[B,3,D,s,s]``. unmoved: ``[B,D,s,s,3]``, where
    each voxel comes from when the source keeps its pose and expression."""

    image: torch.Tensor
    transform: torch.Tensor
    expression: torch.Tensor
    identity: torch.Tensor
    canonical: torch.Tensor
    xy_delta: torch.Tensor
    unmoved: torch.Tensor

    def expand(self, batch: int) -> EncodedLite:
        """The same source for every item of a batch (only one item is stored)."""
        return EncodedLite(*(tensor.expand(batch, *tensor.shape[1:]) for tensor in self))


class LiteRendering(NamedTuple):
    """prediction, warped: ``[B,3,H,W]`` in [0,1], the frame and the warped source alone. displacement: ``[B,2,S,S]``
    in pixels of the small image: output position p shows what the source shows at ``p + displacement``."""

    prediction: torch.Tensor
    warped: torch.Tensor
    displacement: torch.Tensor


class LiteEmoPortraits(nn.Module):
    """All networks of the small animator."""

    points: torch.Tensor
    volume_points: torch.Tensor

    def __init__(self, config: LiteConfig) -> None:
        super().__init__()
        self.config = config
        options = config.options()
        points = PointConfig()
        self.detector = AnchoredDetector(points).requires_grad_(False)
        self.pose = nn.Linear(points.num_kp * 6, 9)
        self.expression = nn.Linear(points.num_kp * 6, config.expression)
        nn.init.normal_(self.pose.weight, std=0.01)  # a head that hardly turns, to begin with
        nn.init.zeros_(self.pose.bias)
        self.local_encoder_nw = AppearanceEncoder(options, STYLE)
        self.idt_embedder_nw = IdentityMap(config)
        self.pose_unsqueeze_nw = nn.Linear(config.expression, config.embedding * 16, bias=False)
        self.warp_embed_head_orig_nw = nn.Conv2d(config.embedding, config.embedding, 1, bias=False)
        self.xy_generator_nw = LiteWarp(options)
        self.uv_generator_nw = LiteWarp(options)
        self.volume_process_nw = CanonicalVolume(options, STYLE)
        self.decoder_nw = LiteDecoder(config)
        self.register_buffer("points", lattice(config.depth, config.field), persistent=False)
        self.register_buffer("volume_points", lattice(config.depth, config.volume), persistent=False)

    def train(self, mode: bool = True) -> Self:
        """As usual, except that the key points, which are not trained here, stay as they are."""
        super().train(mode)
        self.detector.eval()
        return self

    def read(self, image: torch.Tensor) -> Reading:
        """Pose and expression of images ``[B,3,H,W]``."""
        with torch.no_grad():
            points, jacobian = self.detector(resize(image, self.config.size))
            bent = jacobian.flatten(2) - torch.eye(2, dtype=jacobian.dtype, device=jacobian.device).flatten()
        numbers = self.pose(self._features(points, bent))
        still = numbers.new_tensor([HEAD_SCALE] * 3 + [0.0] * 6)
        transform = head_transform(still + _POSE_UNIT * numbers)
        aligned = points @ transform[:, :2, :2].mT + transform[:, None, :2, 3]
        return Reading(transform, self.expression(self._features(aligned / HEAD_SCALE, bent)))

    def _features(self, points: torch.Tensor, bent: torch.Tensor) -> torch.Tensor:
        """Key points ``[B,K,2]`` and what their jacobians add to no change ``[B,K,4]``, as ``[B,6K]``."""
        moved = (points - self.detector.anchors) / _POINT_UNIT
        return torch.cat((moved, bent / _BEND_UNIT), 2).flatten(1)

    def encode(self, image: torch.Tensor, reading: Reading) -> EncodedLite:
        """image: ``[B,3,H,W]`` square, at the size of the output."""
        small = functional.avg_pool2d(resize(image, self.config.size), 2)
        identity = self.idt_embedder_nw(small)
        features = self.local_encoder_nw(small)
        volume = features.reshape(len(image), self.config.channels, self.config.depth, *features.shape[2:])
        embedding = self._embed(identity, reading.expression)
        xy_delta = self.xy_generator_nw.delta(embedding)
        inverse = torch.linalg.inv(reading.transform)
        coarse, points = (p.expand(len(image), *p.shape) for p in (self.volume_points, self.points))
        neutral = coarse + _sample(xy_delta, coarse).movedim(1, -1)
        canonical = self.volume_process_nw(_sample(volume, _moved(neutral, inverse)))
        before = EncodedLite(image, reading.transform, reading.expression, identity, canonical, xy_delta, points)
        uv_delta = self.uv_generator_nw.delta(embedding)
        return before._replace(unmoved=self._origin(before, reading.transform, uv_delta)[1])

    def render(self, source: EncodedLite, transform: torch.Tensor, expression: torch.Tensor) -> LiteRendering:
        """The source under head transforms ``[B,4,4]`` and expressions ``[B,N]``; the size of ``source.image``."""
        shown = source.expression + (expression - source.expression) / _EXPRESSION_UNIT
        uv_delta = self.uv_generator_nw.delta(self._embed(source.identity, shown))
        canonical_places, origin = self._origin(source, transform, uv_delta)
        volume = _sample(source.canonical, canonical_places)
        weights, painted, blend = self.decoder_nw(volume.flatten(1, 2))
        offset = (weights[..., None] * (origin - source.unmoved)[..., :2]).sum(1).movedim(-1, 1)
        displacement = self._displacement(offset)
        side = source.image.shape[-1]
        warped = warp(source.image, _enlarged(displacement, side, "bicubic") * (side / self.config.size))
        blend = _enlarged(blend, side, "bilinear")
        painted = _enlarged(painted, side, "bicubic").clamp(0.0, 1.0)
        return LiteRendering(blend * warped + (1 - blend) * painted, warped, displacement)

    def _embed(self, identity: torch.Tensor, expression: torch.Tensor) -> torch.Tensor:
        pose = self.pose_unsqueeze_nw(expression).reshape(-1, *identity.shape[1:])
        embedding: torch.Tensor = self.warp_embed_head_orig_nw(0.5 * (pose + identity)).flatten(2)
        return embedding

    def _origin(
        self, source: EncodedLite, transform: torch.Tensor, uv_delta: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of every voxel of the output: its place in the canonical volume and in the source, ``[B,D,s,s,3]`` each."""
        turned = rigid_warp(self.points, transform)
        canonical = turned + _sample(uv_delta, turned).movedim(1, -1)
        neutral = canonical + _sample(source.xy_delta, canonical).movedim(1, -1)
        return canonical, _moved(neutral, torch.linalg.inv(source.transform))

    def _displacement(self, offset: torch.Tensor) -> torch.Tensor:
        """From [-1,1] at the volume's size to pixels of the small image, enlarged corner-aligned."""
        size = self.config.size
        fine = functional.interpolate(offset, size=(size, size), mode="bicubic", align_corners=True)
        return fine * ((size - 1) / 2)


def relative_motion(source: EncodedLite, driving: Reading, reference: Reading) -> tuple[torch.Tensor, torch.Tensor]:
    """Head transforms and expressions that the source takes when it repeats the driver's motion from the reference:
    ``theta_t theta_0^-1 theta_S`` and ``z_S + z_t - z_0``."""
    turn = driving.transform @ torch.linalg.inv(reference.transform) @ source.transform
    return turn, source.expression + driving.expression - reference.expression


def _moved(places: torch.Tensor, transform: torch.Tensor) -> torch.Tensor:
    """Transforms ``[B,4,4]`` applied to places ``[B,D,H,W,3]``."""
    flat = places.flatten(1, 3)
    moved = flat @ transform[:, :3, :3].mT + transform[:, None, :3, 3]
    return moved.reshape(places.shape)


def _sample(volume: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    return functional.grid_sample(volume, where, mode="bilinear", padding_mode="border", align_corners=True)


def _enlarged(image: torch.Tensor, side: int, mode: str) -> torch.Tensor:
    if image.shape[-1] == side:
        return image
    return functional.interpolate(image, size=(side, side), mode=mode, align_corners=False)
