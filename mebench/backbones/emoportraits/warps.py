"""From the expression and the identity to a warp of the volume."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.emoportraits.blocks import ResidualBlock
from mebench.backbones.emoportraits.geometry import lattice
from mebench.backbones.emoportraits.layers import PUBLISHED, Style
from mebench.backbones.emoportraits.options import Options, levels


class Projector(nn.Module):
    """Shifts of every adaptive norm from the warp embedding: ``u_k e v_k``, ``[B,C_k,2]``."""

    def __init__(self, channels: list[int], embedding: int, positions: int) -> None:
        super().__init__()
        self.u = nn.ParameterList([nn.Parameter(torch.randn(c, embedding) / embedding**0.5) for c in channels])
        self.v = nn.ParameterList([nn.Parameter(torch.randn(positions, 2) / positions**0.5) for _ in channels])

    def forward(self, embedding: torch.Tensor) -> list[torch.Tensor]:
        return [u @ embedding @ v for u, v in zip(self.u, self.v, strict=True)]


class WarpGenerator(nn.Module):
    """``xy_generator_nw`` and ``uv_generator_nw``: embedding ``[B,E,16]`` to a warp ``[B,D,H,W,3]``."""

    identity_grid: torch.Tensor

    def __init__(self, options: Options, style: Style = PUBLISHED) -> None:
        super().__init__()
        self.start = options.gen_embed_size
        steps = levels(options.warp_output_size, self.start)
        width = int(options.gen_num_channels * options.warp_channel_mult)
        # Widths are multiples of the number of groups of the norms.
        widths = [
            min(width * 2**left, options.gen_max_channels) // style.groups * style.groups
            for left in range(steps, -1, -1)
        ]
        self.register_buffer(
            "identity_grid", lattice(options.latent_volume_depth, options.warp_output_size).movedim(-1, 0)[None]
        )
        self.first_conv = style.conv(2, options.gen_max_channels, widths[0] * self.start, 1)
        self.blocks_3d = nn.ModuleList(
            ResidualBlock(3, widths[i], widths[i + 1], adaptive=True, style=style) for i in range(steps)
        )
        self.depths = _depths(options, steps)
        self.pre_head = nn.Sequential(style.norm(widths[-1]), nn.ReLU())
        self.head = nn.Sequential(nn.Sequential(style.conv(3, widths[-1], 3, 3, bias=True), nn.Tanh()))
        channels = [width for i in range(steps) for width in (widths[i], widths[i + 1])]
        self.projector = Projector(channels, options.gen_max_channels, self.start**2)

    def delta(self, embedding: torch.Tensor) -> torch.Tensor:
        """How far each point of the lattice moves: ``[B,3,D,H,W]``, within (-1, 1)."""
        shifts = self.projector(embedding)
        x = self.first_conv(embedding.reshape(*embedding.shape[:2], self.start, self.start))
        x = x.reshape(len(x), -1, self.start, self.start, self.start)
        for i, (block, depth) in enumerate(zip(self.blocks_3d, self.depths, strict=True)):
            now = x.shape[2]
            x = enlarge(x, (2 if depth > now else 1, 2, 2))
            x = block(x, (shifts[2 * i], shifts[2 * i + 1]))
            if depth < now:
                x = functional.avg_pool3d(x, (2, 1, 1))
        moved: torch.Tensor = self.head(self.pre_head(x))
        return moved

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        return (self.identity_grid + self.delta(embedding)).movedim(1, -1)


def enlarge(volume: torch.Tensor, factors: tuple[int, int, int]) -> torch.Tensor:
    """Trilinear, edges aligned; factors of depth, height and width."""
    scale = tuple(float(factor) for factor in factors)
    return functional.interpolate(volume, scale_factor=scale, mode="trilinear", align_corners=False)


def _depths(options: Options, steps: int) -> list[int]:
    """The depth of the volume after each block: it grows with the size, and ends at that of the latent volume."""
    final = options.latent_volume_depth
    octaves = levels(options.latent_volume_size, options.gen_embed_size)
    depths = []
    side = options.gen_embed_size
    for i in range(1, steps + 1):
        side *= 2
        depths.append(min(final * 2 ** (octaves - i), side) if i < octaves else final)
    return depths
