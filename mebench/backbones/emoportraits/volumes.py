"""The networks that work on the latent volume itself."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.emoportraits.blocks import ResidualBlock
from mebench.backbones.emoportraits.layers import PUBLISHED, Style
from mebench.backbones.emoportraits.options import Options, levels
from mebench.backbones.emoportraits.warps import enlarge


class SourceVolume(nn.Module):
    """``volume_source_nw``: residual blocks before the first warp."""

    def __init__(self, options: Options, style: Style = PUBLISHED) -> None:
        super().__init__()
        width = options.latent_volume_channels
        blocks = (ResidualBlock(3, width, width, style=style) for _ in range(options.source_volume_num_blocks))
        self.net = nn.Module()
        self.net.net = nn.Sequential(*blocks)

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.net.get_submodule("net")(volume)
        return result


class CanonicalVolume(nn.Module):
    """``volume_process_nw``: a U-Net on the volume whose upward half starts from a learned constant."""

    def __init__(self, options: Options, style: Style = PUBLISHED) -> None:
        super().__init__()
        width, start = options.latent_volume_channels, options.gen_dummy_input_size
        self.depth, self.size = options.latent_volume_depth, options.latent_volume_size
        steps = levels(self.size, start)
        widths = [min(width * 2**k, options.gen_max_channels_unet3d) for k in range(steps + 1)]
        self.input_tensor = nn.Parameter(torch.randn(1, widths[-1], start, start, start))
        self.blocks_3d_down = nn.ModuleList(
            ResidualBlock(3, widths[i], widths[i + 1], style=style) for i in range(steps)
        )
        upward = widths[::-1]
        self.blocks_3d_up = nn.ModuleList(ResidualBlock(3, upward[i], upward[i + 1], style=style) for i in range(steps))
        self.skip_blocks_3d_up = nn.ModuleList(
            ResidualBlock(3, upward[i], upward[i], style=style) for i in range(steps)
        )
        self.head = nn.Sequential(style.norm(width), nn.ReLU(), style.conv(3, width, width, 1, bias=True))

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """``[B,C,D,H,W]`` to the same shape."""
        kept = self._down(volume)
        x = self.input_tensor.expand(len(volume), -1, -1, -1, -1)
        steps = len(kept)
        for i, (block, skip) in enumerate(zip(self.blocks_3d_up, self.skip_blocks_3d_up, strict=True), 1):
            now = x.shape[2]
            target = min(self.depth * 2 ** (steps - i), 2 * x.shape[3])
            x = enlarge(x, (2 if target > now else 1, 2, 2))
            x = block(x + skip(kept[-i]))
            if target < now:
                x = functional.avg_pool3d(x, (2, 1, 1))
        result: torch.Tensor = self.head(x)
        return result

    def _down(self, x: torch.Tensor) -> list[torch.Tensor]:
        kept = []
        side = self.size
        for i, block in enumerate(self.blocks_3d_down, 1):
            if i == len(self.blocks_3d_down):
                kept.append(block(x))
                break
            side //= 2
            now = x.shape[2]
            target = min(2 * now, side)
            if target > now:
                x = enlarge(x, (2, 1, 1))
            x = block(x)
            kept.append(x)
            x = functional.avg_pool3d(x, (2 if target < now else 1, 2, 2))
        return kept
