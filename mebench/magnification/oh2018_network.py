"""Encoder, manipulator, decoder: the learned magnifier of Oh et al., in the two layouts whose names circulate.

T.-H. Oh, R. Jaroensri et al., "Learning-based Video Motion Magnification", ECCV 2018, arXiv 1804.02684. Written from
tables of tensor names and shapes; weight files load by name. Images are RGB in [-1,1]. No convolution has a bias, and
nothing is normalised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class OhConfig:
    """The published sizes. width: channels of shape and texture. encoder, shape, texture, decoder: residual blocks."""

    width: int = 32
    encoder: int = 3
    shape: int = 2
    texture: int = 2
    decoder: int = 9


class Codes(NamedTuple):
    """What the encoder finds in a frame. shape: ``[B,C,H/2,W/2]``, where motion is read and changed.
    texture: ``[B,C,H/4,W/4]``, or None in the layout without a texture branch."""

    shape: torch.Tensor
    texture: torch.Tensor | None = None


class Magnified(NamedTuple):
    """increment: ``[B,C,H/2,W/2]``, the enlarged difference of the shapes, which recognition networks read.
    shape: the second frame's shape plus the increment."""

    increment: torch.Tensor
    shape: torch.Tensor


def _padded(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias, reflected at the border by half its kernel."""
    return nn.Conv2d(inputs, outputs, side, stride=stride, padding=side // 2, padding_mode="reflect", bias=False)


class _Conv1(nn.Module):
    """One convolution called ``conv1``."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.conv1 = _padded(inputs, outputs, side)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.conv1(x)
        return result


class _ConvPair(nn.Module):
    """A residual block: convolution, ReLU, convolution, plus the input; nothing after the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _padded(width, width, 3)
        self.conv2 = _padded(width, width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner: torch.Tensor = self.conv2(torch.relu(self.conv1(x)))
        return x + inner


class ShapeOnly(nn.Module):
    """The layout without a texture branch; a factor of 1 leaves the shape as it is."""

    neutral = 1.0
    """The multiplier that changes nothing, seen from the factor: the manipulator multiplies by factor - 1."""

    class _Encoder(nn.Module):
        def __init__(self, config: OhConfig) -> None:
            super().__init__()
            width = config.width
            self.conv1 = _padded(3, width // 2, 7)
            self.conv2 = _padded(width // 2, width, 3, stride=2)
            self.resblks = nn.Sequential(*(_ConvPair(width) for _ in range(config.encoder)))
            self.conv1_shape = _padded(width, width, 3)
            self.resblks_shape = nn.Sequential(*(_ConvPair(width) for _ in range(config.shape)))

        def forward(self, frame: torch.Tensor) -> torch.Tensor:
            found = self.resblks(torch.relu(self.conv2(torch.relu(self.conv1(frame)))))
            shape: torch.Tensor = self.resblks_shape(torch.relu(self.conv1_shape(found)))
            return shape

    class _Manipulator(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.convblks = nn.Sequential(_Conv1(width, width, 7))
            self.convblks_after = nn.Sequential(_Conv1(width, width, 3))
            self.resblks = nn.Sequential(_ConvPair(width))

        def forward(self, first: torch.Tensor, second: torch.Tensor, extra: torch.Tensor) -> torch.Tensor:
            scaled = torch.relu(self.convblks(second - first)) * extra
            increment: torch.Tensor = self.resblks(self.convblks_after(scaled))
            return increment

    class _Decoder(nn.Module):
        def __init__(self, config: OhConfig) -> None:
            super().__init__()
            width = config.width
            self.resblks = nn.Sequential(*(_ConvPair(width) for _ in range(config.decoder)))
            self.conv1 = _padded(width, width, 3)
            self.conv2 = _padded(width, 3, 7)

        def forward(self, shape: torch.Tensor) -> torch.Tensor:
            large = functional.interpolate(self.resblks(shape), scale_factor=2, mode="nearest")
            painted: torch.Tensor = self.conv2(torch.relu(self.conv1(large)))
            return painted

    def __init__(self, config: OhConfig | None = None) -> None:
        super().__init__()
        self.config = config or OhConfig()
        self.encoder = self._Encoder(self.config)
        self.manipulator = self._Manipulator(self.config.width)
        self.decoder = self._Decoder(self.config)

    def encode(self, frame: torch.Tensor) -> Codes:
        """frame: ``[B,3,H,W]`` in [-1,1]."""
        return Codes(self.encoder(frame))

    def manipulate(self, first: torch.Tensor, second: torch.Tensor, factor: torch.Tensor) -> Magnified:
        """first, second: shapes of two frames. factor: total factor, broadcastable to ``[B,1,H/2,W/2]``."""
        increment = self.manipulator(first, second, factor - self.neutral)
        return Magnified(increment, second + increment)

    def decode(self, shape: torch.Tensor, texture: torch.Tensor | None = None) -> torch.Tensor:
        """``[B,3,2h,2w]``, nominally in [-1,1], not clipped."""
        painted: torch.Tensor = self.decoder(shape)
        return painted

    def forward(self, first: torch.Tensor, second: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """The second frame with its motion from the first multiplied: ``[B,3,H,W]`` for even H and W, not clipped."""
        codes = self.encode(first), self.encode(second)
        return self.decode(self.manipulate(codes[0].shape, codes[1].shape, factor).shape)


class _Cba(nn.Module):
    """One convolution called ``conv2d``, with or without a ReLU behind it."""

    def __init__(self, inputs: int, outputs: int, side: int = 3, stride: int = 1, *, relu: bool = True) -> None:
        super().__init__()
        self.conv2d = _padded(inputs, outputs, side, stride)
        self._relu = relu

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.conv2d(x)
        return torch.relu(result) if self._relu else result


class _CbaPair(nn.Module):
    """A residual block in the names of the second layout."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cba_1 = _Cba(width, width)
        self.cba_2 = _Cba(width, width, relu=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner: torch.Tensor = self.cba_2(self.cba_1(x))
        return x + inner


class TextureShape(nn.Module):
    """The layout with a texture and a shape branch. Its manipulator multiplies by the factor itself: 0 changes nothing,
    so a total factor f goes in as f - 1."""

    neutral = 0.0

    class _Encoder(nn.Module):
        def __init__(self, config: OhConfig) -> None:
            super().__init__()
            width = config.width
            self.cba_1 = _Cba(3, width // 2, 7)
            self.cba_2 = _Cba(width // 2, width, 3, 2)
            self.resblks = nn.Sequential(*(_CbaPair(width) for _ in range(config.encoder)))
            self.texture_cba = _Cba(width, width, 3, 2)
            self.texture_resblks = nn.Sequential(*(_CbaPair(width) for _ in range(config.texture)))
            self.motion_cba = _Cba(width, width)
            self.motion_resblks = nn.Sequential(*(_CbaPair(width) for _ in range(config.shape)))

        def forward(self, frame: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            found = self.resblks(self.cba_2(self.cba_1(frame)))
            texture: torch.Tensor = self.texture_resblks(self.texture_cba(found))
            shape: torch.Tensor = self.motion_resblks(self.motion_cba(found))
            return texture, shape

    class _Manipulator(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.g = _Cba(width, width)
            self.h_conv = _Cba(width, width, relu=False)
            self.h_resblk = _CbaPair(width)

        def forward(self, first: torch.Tensor, second: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
            increment: torch.Tensor = self.h_resblk(self.h_conv(self.g(second - first) * factor))
            return increment

    class _Decoder(nn.Module):
        def __init__(self, config: OhConfig) -> None:
            super().__init__()
            width = config.width
            self.resblks = nn.Sequential(*(_CbaPair(2 * width) for _ in range(config.decoder)))
            self.cba_1 = _Cba(2 * width, width)
            self.cba_2 = _Cba(width, 3, 7, relu=False)

        def forward(self, shape: torch.Tensor, texture: torch.Tensor) -> torch.Tensor:
            large = functional.interpolate(texture, scale_factor=2, mode="nearest")
            if large.shape[-2:] != shape.shape[-2:]:
                large = functional.interpolate(large, size=tuple(shape.shape[-2:]), mode="nearest")
            both = self.resblks(torch.cat((large, shape), dim=1))
            painted: torch.Tensor = self.cba_2(self.cba_1(functional.interpolate(both, scale_factor=2, mode="nearest")))
            return painted

    def __init__(self, config: OhConfig | None = None) -> None:
        super().__init__()
        self.config = config or OhConfig()
        self.encoder = self._Encoder(self.config)
        self.manipulator = self._Manipulator(self.config.width)
        self.decoder = self._Decoder(self.config)

    def encode(self, frame: torch.Tensor) -> Codes:
        """frame: ``[B,3,H,W]`` in [-1,1]."""
        texture, shape = self.encoder(frame)
        return Codes(shape, texture)

    def manipulate(self, first: torch.Tensor, second: torch.Tensor, factor: torch.Tensor) -> Magnified:
        """As in :class:`ShapeOnly`, but a ``factor`` of 0 changes nothing."""
        increment = self.manipulator(first, second, factor - self.neutral)
        return Magnified(increment, second + increment)

    def decode(self, shape: torch.Tensor, texture: torch.Tensor | None = None) -> torch.Tensor:
        """``[B,3,2h,2w]``, nominally in [-1,1], not clipped."""
        painted: torch.Tensor = self.decoder(shape, texture)
        return painted

    def forward(self, first: torch.Tensor, second: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """The second frame, its motion from the first multiplied by ``factor`` + 1: ``[B,3,H,W]``, not clipped."""
        codes = self.encode(first), self.encode(second)
        return self.decode(self.manipulate(codes[0].shape, codes[1].shape, factor).shape, codes[1].texture)


def config_of(shapes: Mapping[str, tuple[int, ...]]) -> tuple[type[ShapeOnly] | type[TextureShape], OhConfig] | None:
    """Layout and sizes that tensors with these names and shapes belong to; None when they fit neither layout."""
    for layout, first, blocks in (
        (ShapeOnly, "encoder.conv1.weight", ("encoder.resblks", "encoder.resblks_shape", "", "decoder.resblks")),
        (
            TextureShape,
            "encoder.cba_1.conv2d.weight",
            ("encoder.resblks", "encoder.motion_resblks", "encoder.texture_resblks", "decoder.resblks"),
        ),
    ):
        if first in shapes:
            encoder, shape, texture, decoder = (_count(shapes, name) for name in blocks)
            return layout, OhConfig(2 * shapes[first][0], encoder, shape, texture, decoder)
    return None


def _count(shapes: Mapping[str, tuple[int, ...]], prefix: str) -> int:
    return len({name.split(".")[2] for name in shapes if prefix and name.startswith(f"{prefix}.")})
