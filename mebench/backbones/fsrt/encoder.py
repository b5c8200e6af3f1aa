"""Source images to tokens: a patch CNN on pixels that know their place, then self-attention (section 3.3)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from mebench.backbones.fsrt.attention import Layers, SelfAttention
from mebench.backbones.fsrt.config import FsrtConfig
from mebench.backbones.fsrt.encoding import encode_keypoints, encode_pixels, pixel_centres


class PatchBlock(nn.Module):
    """Two 3x3 convolutions without bias, each with ReLU; the second halves the size."""

    def __init__(self, inputs: int, middle: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, middle, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(middle, outputs, 3, stride=2, padding=1, bias=False),
            nn.ReLU(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.layers(x)
        return output


class Encoder(nn.Module):
    """Images, key points and expression vectors to the set of scene tokens."""

    def __init__(self, config: FsrtConfig) -> None:
        super().__init__()
        self.config = params = config.encoder
        self.per_kp = 4 * config.num_kp * params.kp_octaves
        self.per_pixel = 4 * params.pix_octaves
        inputs = 3 + self.per_kp + self.per_pixel + (config.expression_size if params.encode_with_expression else 0)
        width = 2 * params.stem_width
        blocks = [PatchBlock(inputs, params.stem_width, width)]
        for _ in range(params.num_conv_blocks - 1):
            blocks.append(PatchBlock(width, width, 2 * width))
            width *= 2
        self.conv_blocks = nn.ModuleList(blocks)
        self.per_patch_linear = nn.Conv2d(width, params.width, 1)
        attentions: list[nn.Module] = [
            SelfAttention(params.width, params.heads, params.head_dim) for _ in range(params.num_att_blocks)
        ]
        self.transformer = Layers(params.width, params.mlp_dim, attentions)

    def forward(self, images: torch.Tensor, points: torch.Tensor, expression: torch.Tensor) -> torch.Tensor:
        """images: ``[B,S,3,N,N]``; points: ``[B,S,K,2]``; expression: ``[B,S,E]``. Gives ``[B,S*T,width]``.

        The sources are an unordered set: their order changes only the order of the tokens.
        """
        batch = len(images)
        tokens = self.patch_tokens(images.flatten(0, 1), points.flatten(0, 1), expression.flatten(0, 1))
        encoded: torch.Tensor = self.transformer(tokens.reshape(batch, -1, tokens.shape[-1]))
        return encoded

    def patch_tokens(self, images: torch.Tensor, points: torch.Tensor, expression: torch.Tensor) -> torch.Tensor:
        """Before the transformer: ``[N,3,H,H]`` to ``[N,T,width]``."""
        x = self._stem(images, points, expression)
        first = self.conv_blocks[0].layers
        assert isinstance(first, nn.Sequential)
        x = first[1:](x)
        for block in self.conv_blocks[1:]:
            x = block(x)
        tokens: torch.Tensor = self.per_patch_linear(x)
        return tokens.flatten(2).mT

    def _stem(self, images: torch.Tensor, points: torch.Tensor, expression: torch.Tensor) -> torch.Tensor:
        """The first convolution over (RGB, key points, pixels, expression) without building its 483 channels.

        Channels that are constant over an image give nine numbers an output channel, one a tap, of which the border
        misses some; the pixel encoding is common to all images.
        """
        layer = self.conv_blocks[0].layers[0]  # type: ignore[index]
        assert isinstance(layer, nn.Conv2d)
        size = images.shape[-1]
        rgb, kp, pixel, rest = torch.split(
            layer.weight, [3, self.per_kp, self.per_pixel, layer.in_channels - 3 - self.per_kp - self.per_pixel], dim=1
        )
        grid = encode_pixels(pixel_centres(size, images.device), self.config).mT.reshape(1, -1, size, size)
        constant, weight = encode_keypoints(points, self.config), kp
        if self.config.encode_with_expression:
            constant, weight = torch.cat((constant, expression), dim=-1), torch.cat((kp, rest), dim=1)
        taps = torch.einsum("bc,ochw->bohw", constant, weight)
        ones = images.new_ones(1, 1, size, size)
        flat = functional.conv2d(ones, taps.flatten(0, 1)[:, None], padding=1).reshape(*taps.shape[:2], size, size)
        return functional.conv2d(images, rgb, padding=1) + functional.conv2d(grid, pixel, padding=1) + flat
