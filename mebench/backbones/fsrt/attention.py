"""Pre-norm attention layers, with the tensor names of the published checkpoints."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional


class KeyValue(NamedTuple):
    """Keys and values of one cross-attention layer, each ``[B,heads,T,head_dim]``."""

    key: torch.Tensor
    value: torch.Tensor


class SelfAttention(nn.Module):
    """Multi-head attention of tokens among themselves; one fused projection (q, k, v; in each, head major)."""

    def __init__(self, width: int, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_qkv = nn.Linear(width, 3 * heads * head_dim, bias=False)
        self.to_out = nn.Sequential(nn.Linear(heads * head_dim, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,T,width]`` to the same shape. Scores are scaled by ``head_dim ** -0.5``."""
        query, key, value = (_by_head(part, self.heads) for part in self.to_qkv(x).chunk(3, dim=-1))
        attended = functional.scaled_dot_product_attention(query, key, value)
        output: torch.Tensor = self.to_out(attended.transpose(1, 2).flatten(2))
        return output


class CrossAttention(nn.Module):
    """Multi-head attention of queries to the tokens of the source."""

    def __init__(self, width: int, tokens: int, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, heads * head_dim, bias=False)
        self.to_kv = nn.Linear(tokens, 2 * heads * head_dim, bias=False)
        self.to_out = nn.Sequential(nn.Linear(heads * head_dim, width))

    def key_value(self, tokens: torch.Tensor) -> KeyValue:
        """tokens: ``[B,T,C]``, not normalised. They depend on the source alone, so one call serves a whole clip."""
        key, value = self.to_kv(tokens).chunk(2, dim=-1)
        return KeyValue(_by_head(key, self.heads).contiguous(), _by_head(value, self.heads).contiguous())

    def forward(self, x: torch.Tensor, source: KeyValue) -> torch.Tensor:
        """x: ``[B,Q,width]``."""
        query = _by_head(self.to_q(x), self.heads)
        attended = functional.scaled_dot_product_attention(query, source.key, source.value)
        output: torch.Tensor = self.to_out(attended.transpose(1, 2).flatten(2))
        return output


class FeedForward(nn.Module):
    """Linear, exact GELU, linear (with the gaps in the numbering that dropout left in the published names)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Identity(), nn.Linear(hidden, width), nn.Identity()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.net(x)
        return output


class Residual(nn.Module):
    """``x + fn(norm(x), ...)``; the norm acts on x alone."""

    def __init__(self, width: int, fn: nn.Module) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fn = fn

    def forward(self, x: torch.Tensor, *context: Any) -> torch.Tensor:
        change: torch.Tensor = self.fn(self.norm(x), *context)
        return x + change


class Layers(nn.Module):
    """Pairs of an attention and a feed-forward layer, both residual; no norm at the end."""

    def __init__(self, width: int, mlp_dim: int, attentions: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList([Residual(width, attention), Residual(width, FeedForward(width, mlp_dim))])
            for attention in attentions
        )

    def key_values(self, tokens: torch.Tensor) -> list[KeyValue]:
        """Of every layer, for cross-attention."""
        return [pair[0].fn.key_value(tokens) for pair in self.layers]  # type: ignore[index]

    def forward(self, x: torch.Tensor, sources: list[KeyValue] | None = None) -> torch.Tensor:
        """sources: one entry a layer for cross-attention, None for self-attention."""
        for number, pair in enumerate(self.layers):
            attention, feed_forward = pair.children()
            x = attention(x) if sources is None else attention(x, sources[number])
            x = feed_forward(x)
        return x


def _by_head(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)
