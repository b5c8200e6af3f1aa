"""Queries to colours: every output pixel attends to the scene tokens on its own (section 3.4)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fsrt.attention import CrossAttention, KeyValue, Layers
from mebench.backbones.fsrt.config import FsrtConfig
from mebench.backbones.fsrt.detector import mlp
from mebench.backbones.fsrt.encoding import encode_keypoints, encode_pixels


class AllocationTransformer(nn.Module):
    """Query features to features of the scene: an input MLP, then cross-attention to the tokens."""

    def __init__(self, inputs: int, tokens: int, config: FsrtConfig) -> None:
        super().__init__()
        params = config.decoder
        self.input_mlp = mlp(inputs, (params.input_mlp_dim,), inputs)
        attentions: list[nn.Module] = [
            CrossAttention(inputs, tokens, params.heads, params.head_dim) for _ in range(params.num_att_blocks)
        ]
        self.transformer = Layers(inputs, params.mlp_dim, attentions)


class Decoder(nn.Module):
    """Pixels, key points and an expression vector to colours, given the tokens of the source."""

    def __init__(self, config: FsrtConfig, outputs: int = 3) -> None:
        super().__init__()
        self.config = params = config.decoder
        self.per_kp = 4 * config.num_kp * params.kp_octaves
        self.per_pixel = 4 * params.pix_octaves
        inputs = self.per_kp + self.per_pixel + config.expression_size
        self.allocation_transformer = AllocationTransformer(inputs, config.encoder.width, config)
        self.render_mlp = mlp(inputs, params.render_dims, outputs)

    def key_values(self, tokens: torch.Tensor) -> list[KeyValue]:
        """What the queries attend to, computed once a source: tokens ``[B,T,C]`` to one entry a layer."""
        return self.allocation_transformer.transformer.key_values(tokens)

    def allocate(
        self, pixels: torch.Tensor, points: torch.Tensor, expression: torch.Tensor, source: list[KeyValue]
    ) -> torch.Tensor:
        """Features of the queries before the render MLP, ``[B,Q,F]``.

        pixels: ``[Q,2]`` or ``[B,Q,2]``; points: ``[B,K,2]``; expression: ``[B,E]``. Queries do not see each other, so
        they may be split in any way.
        """
        first, relu, second = self.allocation_transformer.input_mlp
        assert isinstance(first, nn.Linear)
        kp, pixel, rest = torch.split(
            first.weight, [self.per_kp, self.per_pixel, first.in_features - self.per_kp - self.per_pixel], dim=1
        )
        # The part of the first layer that is common to all pixels of a frame is computed once.
        frame = functional.linear(encode_keypoints(points, self.config), kp, first.bias)
        frame = frame + functional.linear(expression, rest)
        x = second(relu(functional.linear(encode_pixels(pixels, self.config), pixel) + frame[:, None]))
        features: torch.Tensor = self.allocation_transformer.transformer(x, source)
        return features

    def forward(
        self, pixels: torch.Tensor, points: torch.Tensor, expression: torch.Tensor, source: list[KeyValue]
    ) -> torch.Tensor:
        """Colours ``[B,Q,outputs]`` of the queries, not clamped. Arguments: see :meth:`allocate`."""
        colours: torch.Tensor = self.render_mlp(self.allocate(pixels, points, expression, source))
        return colours
