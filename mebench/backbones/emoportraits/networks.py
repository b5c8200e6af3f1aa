"""The stage-1 model: all networks under the names of the published state dict, and the driven path."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from mebench.backbones.emoportraits.decoder import Decoder
from mebench.backbones.emoportraits.encoders import (
    AppearanceEncoder,
    ExpressionEncoder,
    IdentityEncoder,
    head_numbers,
    pose_network,
)
from mebench.backbones.emoportraits.geometry import head_transform, homogeneous, lattice, rigid_warp, sample_volume
from mebench.backbones.emoportraits.layers import Spectral
from mebench.backbones.emoportraits.options import RELEASED, Options
from mebench.backbones.emoportraits.volumes import CanonicalVolume, SourceVolume
from mebench.backbones.emoportraits.warps import WarpGenerator

_UNUSED_NORM = 512
"""Width of a batch norm that the published file holds and nothing reads."""


class EncodedSource(NamedTuple):
    """What depends on the source alone: its identity map ``[1,C,4,4]``, head transform ``[1,4,4]``, expression
    ``[1,N]`` and canonical volume ``[1,C,D,H,W]``; with the parts from which that was made."""

    identity: torch.Tensor
    transform: torch.Tensor
    expression: torch.Tensor
    canonical: torch.Tensor
    volume: torch.Tensor
    xy_warp: torch.Tensor


class Stage1(nn.Module):
    """Names and shapes of the published stage-1 file, without its training-only entries."""

    points: torch.Tensor

    def __init__(self, options: Options = RELEASED) -> None:
        super().__init__()
        self.options = options
        embed, channels = options.gen_embed_size, options.idt_output_channels
        self.bn = nn.BatchNorm1d(_UNUSED_NORM, affine=False)
        self.local_encoder_nw = AppearanceEncoder(options)
        self.idt_embedder_nw = IdentityEncoder(options)
        self.expression_embedder_nw = ExpressionEncoder(options)
        self.pose_unsqueeze_nw = nn.Linear(options.lpe_output_channels_expression, channels * embed**2, bias=False)
        self.warp_embed_head_orig_nw = Spectral(2, (options.gen_max_channels, channels, 1, 1))
        self.xy_generator_nw = WarpGenerator(options)
        self.uv_generator_nw = WarpGenerator(options)
        self.volume_source_nw = SourceVolume(options)
        self.volume_process_nw = CanonicalVolume(options)
        self.decoder_nw = Decoder(options)
        points = lattice(options.latent_volume_depth, options.latent_volume_size)
        self.register_buffer("points", points, persistent=False)

    def embed(self, identity: torch.Tensor, expression: torch.Tensor) -> torch.Tensor:
        """The warp embedding ``[B,E,16]`` of an identity map ``[B or 1,C,4,4]`` and expressions ``[B,N]``."""
        pose = self.pose_unsqueeze_nw(expression).unflatten(1, tuple(identity.shape[1:]))
        embedding: torch.Tensor = self.warp_embed_head_orig_nw(0.5 * (pose + identity)).flatten(2)
        return embedding

    def as_volume(self, features: torch.Tensor) -> torch.Tensor:
        """``[B,C*D,H,W]`` to ``[B,C,D,H,W]``."""
        channels, depth = self.options.latent_volume_channels, self.options.latent_volume_depth
        return features.reshape(len(features), channels, depth, *features.shape[2:])

    def warped(self, volume: torch.Tensor, *warps: torch.Tensor) -> torch.Tensor:
        """The volume sampled with one warp after the other."""
        for warp in warps:
            volume = sample_volume(volume, warp, self.options.grid_sample_padding_mode)
        return volume

    def encode(self, image: torch.Tensor, masked: torch.Tensor, transform: torch.Tensor) -> EncodedSource:
        """image: the source under its face mask, from which expression and ``transform`` are read; masked: under both
        masks, for appearance and identity. ``[1,3,S,S]``."""
        identity = self.idt_embedder_nw(masked)
        volume = self.volume_source_nw(self.as_volume(self.local_encoder_nw(masked)))
        expression = self.expression_embedder_nw(image, transform)
        xy_warp = self.xy_generator_nw(self.embed(identity, expression))
        rigid = rigid_warp(self.points, torch.linalg.inv(transform))
        canonical = self.volume_process_nw(self.warped(volume, rigid, xy_warp))
        return EncodedSource(identity, transform, expression, canonical, volume, xy_warp)

    def express(self, frames: torch.Tensor, transform: torch.Tensor) -> torch.Tensor:
        """Expression vectors ``[B,N]`` of frames under their head transforms."""
        vectors: torch.Tensor = self.expression_embedder_nw(frames, homogeneous(transform))
        return vectors

    def render(self, source: EncodedSource, transform: torch.Tensor, expression: torch.Tensor) -> torch.Tensor:
        """Pictures ``[B,3,S,S]`` of the source under head transforms ``[B,3,4]`` or ``[B,4,4]`` and expressions."""
        uv_warp = self.uv_generator_nw(self.embed(source.identity, expression))
        canonical = source.canonical.expand(len(expression), -1, -1, -1, -1)
        volume = self.warped(canonical, uv_warp, rigid_warp(self.points, transform))
        picture: torch.Tensor = self.decoder_nw(volume.flatten(1, 2))
        return picture


class EmoPortraits(nn.Module):
    """The stage-1 model and the head-pose network, which come in two files."""

    def __init__(self, options: Options = RELEASED) -> None:
        super().__init__()
        self.model = Stage1(options)
        self.pose = pose_network()

    def transform(self, images: torch.Tensor) -> torch.Tensor:
        """Head transforms ``[B,4,4]`` of images."""
        return head_transform(head_numbers(self.pose, images))
