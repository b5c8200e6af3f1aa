"""The building blocks that FOMM's networks share, with the tensor names of the published checkpoints."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU at constant size."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,inputs,H,W]`` to ``[B,outputs,H,W]``."""
        return functional.relu(self.norm(self.conv(x)))


class DownBlock(ConvBlock):
    """:class:`ConvBlock`, then 2x2 average pooling: ``[B,inputs,H,W]`` to ``[B,outputs,H/2,W/2]``."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled: torch.Tensor = functional.avg_pool2d(super().forward(x), 2)
        return pooled


class UpBlock(ConvBlock):
    """Nearest enlargement by 2, then :class:`ConvBlock`: ``[B,inputs,H,W]`` to ``[B,outputs,2H,2W]``."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(functional.interpolate(x, scale_factor=2, mode="nearest"))


class ResidualBlock(nn.Module):
    """Pre-activation residual block: ``x + conv2(relu(norm2(conv1(relu(norm1(x))))))``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``[B,channels,H,W]`` to the same shape."""
        inner = self.conv1(functional.relu(self.norm1(x)))
        change: torch.Tensor = self.conv2(functional.relu(self.norm2(inner)))
        return x + change


class Encoder(nn.Module):
    """The halving path of the hourglass; gives its input and the output of every block, finest first."""

    def __init__(self, inputs: int, width: int, blocks: int, max_features: int) -> None:
        super().__init__()
        widths = [inputs] + [min(max_features, width * 2 ** (i + 1)) for i in range(blocks)]
        self.down_blocks = nn.ModuleList(DownBlock(widths[i], widths[i + 1]) for i in range(blocks))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        outputs = [x]
        for block in self.down_blocks:
            outputs.append(block(outputs[-1]))
        return outputs


class Decoder(nn.Module):
    """The doubling path of the hourglass; after each block the encoder tensor of the same size is appended."""

    def __init__(self, inputs: int, width: int, blocks: int, max_features: int) -> None:
        super().__init__()
        ups = []
        for level in reversed(range(blocks)):
            doubled = 1 if level == blocks - 1 else 2
            before = doubled * min(max_features, width * 2 ** (level + 1))
            ups.append(UpBlock(before, min(max_features, width * 2**level)))
        self.up_blocks = nn.ModuleList(ups)
        self.out_channels = width + inputs

    def forward(self, skips: list[torch.Tensor]) -> torch.Tensor:
        remaining = list(skips)
        x = remaining.pop()
        for block in self.up_blocks:
            x = torch.cat((block(x), remaining.pop()), dim=1)
        return x


class Hourglass(nn.Module):
    """Encoder and decoder with skips: ``[B,inputs,H,W]`` to ``[B,width+inputs,H,W]``.

    H and W must be multiples of ``2**blocks``.
    """

    def __init__(self, inputs: int, width: int, blocks: int, max_features: int) -> None:
        super().__init__()
        self.encoder = Encoder(inputs, width, blocks, max_features)
        self.decoder = Decoder(inputs, width, blocks, max_features)
        self.out_channels = self.decoder.out_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.decoder(self.encoder(x))
        return features
