"""The network that paints the picture."""

from __future__ import annotations

import torch
from torch import nn

from mebench.backbones.emoportraits.blocks import ResidualBlock
from mebench.backbones.emoportraits.layers import PUBLISHED, Style
from mebench.backbones.emoportraits.options import Options, levels


class Decoder(nn.Module):
    """``decoder_nw``: the warped volume as a map ``[B,C*D,s,s]`` to the picture ``[B,3,S,S]`` in [0,1]."""

    def __init__(self, options: Options, style: Style = PUBLISHED) -> None:
        super().__init__()
        steps = levels(options.image_size, options.latent_volume_size)
        width = min(int(options.gen_num_channels * options.dec_channel_mult * 2**steps), options.dec_max_channels)
        inputs = options.latent_volume_channels * options.latent_volume_depth
        blocks = (ResidualBlock(2, width, width, style=style) for _ in range(options.dec_num_blocks))
        self.res_decoder = nn.Sequential(style.conv(2, inputs, width, 1), *blocks)
        self.img_decoder = ImageDecoder(options, width, steps, style)

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        picture: torch.Tensor = self.img_decoder(self.res_decoder(volume))
        return picture


class ImageDecoder(nn.Module):
    """Doubles the size step by step while the width falls."""

    def __init__(self, options: Options, width: int, steps: int, style: Style) -> None:
        super().__init__()
        blocks = []
        for _ in range(steps):
            # Widths are multiples of the number of groups of the norms.
            groups = int(width / options.im_dec_ch_div_factor) // style.groups
            narrower = max(groups, 1) * style.groups
            blocks.append(ResidualBlock(2, width, narrower, sampling="up", style=style))
            rest = options.im_dec_num_lrs_per_resolution - 1
            blocks += [ResidualBlock(2, narrower, narrower, style=style) for _ in range(rest)]
            width = narrower
        self.dec_img_blocks = nn.Sequential(*blocks)
        self.dec_img_head = nn.Sequential(style.norm(width), nn.ReLU(), style.standard(2, width, 3, 1), nn.Sigmoid())

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        picture: torch.Tensor = self.dec_img_head(self.dec_img_blocks(features))
        return picture
