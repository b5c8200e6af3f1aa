"""The vision transformer of DINOv2 (small, patches of 14), with the tensor names of the published weights.

Dosovitskiy et al., ICLR 2021; layer scale: Touvron et al., ICCV 2021; Oquab et al., DINOv2, TMLR 2024.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

WIDTH, DEPTH, HEADS, PATCH = 384, 12, 6, 14
TRAINED_GRID = 37
"""Patches along a side in training (518 px); positions are interpolated for other sizes."""

OFFSET = 0.1
"""Added to the number of patches before the scale of the interpolation is computed, as the published code does."""


class Attention(nn.Module):
    """Multi-head self-attention of tokens ``[N,L,384]``."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).reshape(batch, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        projected: torch.Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        return projected


class LayerScale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gamma


class Mlp(nn.Module):
    """Two layers with GELU between them."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.fc2 = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Attention and a perceptron, each normalised before, scaled after, and added."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.attn, self.ls1 = nn.LayerNorm(WIDTH, eps=1e-6), Attention(), LayerScale()
        self.norm2, self.mlp, self.ls2 = nn.LayerNorm(WIDTH, eps=1e-6), Mlp(), LayerScale()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        out: torch.Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return out


class DinoV2(nn.Module):
    """Images ``[N,3,H,W]``, normalised, sides multiples of 14, to the class token after the last norm, ``[N,384]``."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.pos_embed = nn.Parameter(torch.zeros(1, TRAINED_GRID**2 + 1, WIDTH))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, WIDTH, PATCH, PATCH)})
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = self.patch_embed["proj"](images)
        rows, columns = patches.shape[2:]
        tokens = torch.cat((self.cls_token.expand(len(images), -1, -1), patches.flatten(2).mT), dim=1)
        x = tokens + self._positions(rows, columns)
        for block in self.blocks:
            x = block(x)
        out: torch.Tensor = self.norm(x[:, 0])
        return out

    def _positions(self, rows: int, columns: int) -> torch.Tensor:
        if (rows, columns) == (TRAINED_GRID, TRAINED_GRID):
            return self.pos_embed
        grid = self.pos_embed[:, 1:].mT.reshape(1, WIDTH, TRAINED_GRID, TRAINED_GRID)
        scale = ((rows + OFFSET) / TRAINED_GRID, (columns + OFFSET) / TRAINED_GRID)
        resized = functional.interpolate(grid, scale_factor=scale, mode="bicubic", recompute_scale_factor=False)
        return torch.cat((self.pos_embed[:, :1], resized.flatten(2).mT), dim=1)
