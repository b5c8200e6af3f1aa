"""ViT-Tiny (patches of 16, 5.5 M parameters) on flow stacks.

Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, in the tiny size of Touvron et al., "Training
Data-efficient Image Transformers", ICML 2021. Tensor names are those of the timm library. (A published table row of this
name cites TinyViT, another network of 5.1 M parameters; which one was used cannot be told.)
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.detectors.flow_stack import FlowStack
from mebench.detectors.network_detector import NetworkDetector
from mebench.detectors.schedule import Schedule
from mebench.detectors.starts import published

SIZE = 224
WIDTH, DEPTH, HEADS = 192, 12, 3


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        count, length, width = x.shape
        parts = self.qkv(x).reshape(count, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        return torch.as_tensor(self.proj(mixed.transpose(1, 2).reshape(count, length, width)))


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.fc2(functional.gelu(self.fc1(x))))


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = _Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = _Mlp(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x))
        return torch.as_tensor(x + self.mlp(self.norm2(x)))


class _PatchEmbedding(nn.Module):
    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.proj(image).flatten(2).transpose(1, 2))


class VisionTransformer(nn.Module):
    """float ``[N,channels,size,size]`` to logits ``[N,num_classes]``; size: a multiple of ``patch``."""

    def __init__(
        self,
        size: int = SIZE,
        patch: int = 16,
        channels: int = 3,
        num_classes: int = 12,
        width: int = WIDTH,
        depth: int = DEPTH,
        heads: int = HEADS,
    ) -> None:
        super().__init__()
        self.patch_embed = _PatchEmbedding(channels, width, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, width) * 0.02)
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, num_classes)

    def tokens(self, image: torch.Tensor) -> torch.Tensor:
        """Class token and patch tokens with their positions: ``[N,1+(size/patch)^2,width]``."""
        patches = self.patch_embed(image)
        return torch.cat((self.cls_token.expand(len(patches), -1, -1), patches), dim=1) + self.pos_embed

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.tokens(image)
        for block in self.blocks:
            x = block(x)
        return torch.as_tensor(self.head(self.norm(x)[:, 0]))


def load() -> NetworkDetector:
    """Adam at 1e-4, 50 epochs, as the residual networks; from random weights unless an ImageNet start is given."""
    schedule = Schedule(epochs=50, rate=1e-4)
    return NetworkDetector("vit-tiny", VisionTransformer, FlowStack(SIZE), schedule, start=published({"": "vit-tiny"}))
