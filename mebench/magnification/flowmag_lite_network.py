"""A small network that separates the expression from the head's motion in measured flow, and predicts what it shades.

It does not paint: it corrects a measured displacement field, so that a small network suffices (a small painter of whole
frames falls below copying). The target is expression alone: the same face with its action units multiplied, the head
where it is.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.motion.warp import warp

PLANES = 13
"""Reference (3), frame laid on it by the head's motion (3) and by the flow (3), expression (2) and head flow (2)."""

MULTIPLE = 64
"""Height and width of the input must be multiples of this: space-to-depth by 2, then five resolutions."""

WIDTHS = (32, 48, 64, 96, 128)
_CONTRAST = 8.0
"""Differences between aligned frames are small; scaled like this they have the size of the other planes."""

_SHADE = 0.1
_GATE_BIAS = -1.5
"""The gate starts nearly closed: trusting the noisy flow everywhere would cost more than missing it."""


class Separation(NamedTuple):
    """Motion from the reference to a frame, on the reference's grid, in pixels.

    expression, head: float32 ``[B,2,H,W]``; their sum is the whole motion. shade: ``[B,3,H,W]``, what one unit of
    (factor - 1) adds to the colours.
    """

    expression: torch.Tensor
    head: torch.Tensor
    shade: torch.Tensor


def planes(reference: torch.Tensor, frame: torch.Tensor, flow: torch.Tensor, head: torch.Tensor) -> torch.Tensor:
    """The network's input ``[B,13,H,W]``.

    reference, frame: ``[B,3,H,W]`` in [0,1]. flow: measured, ``[B,2,H,W]`` px; head: its affine part.
    """
    by_head, by_flow = (warp(frame, motion).sub_(reference).mul_(_CONTRAST) for motion in (head, flow))
    return torch.cat((reference - 0.5, by_head, by_flow, flow - head, head), dim=1)


class _Level(nn.Module):
    """Two 3x3 convolutions with leaky ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return _active(self.second(_active(self.first(x))))


class _Rise(nn.Module):
    """1x1 convolution, bilinear enlargement by 2, the skip added, one 3x3 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 1)
        self.mix = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        enlarged = functional.interpolate(self.narrow(x), scale_factor=2, mode="bilinear", align_corners=False)
        return _active(self.mix(enlarged + skip))


def _active(x: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(x, 0.1)


class LiteNetwork(nn.Module):
    """A plain U-Net at half resolution without normalisation; 0.70 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (4 * PLANES, *WIDTHS[:-1])
        self.levels = nn.ModuleList(_Level(a, b) for a, b in zip(inputs, WIDTHS, strict=True))
        self.rises = nn.ModuleList(_Rise(b, a) for a, b in zip(WIDTHS[-2::-1], WIDTHS[:0:-1], strict=True))
        self.expression = nn.Conv2d(WIDTHS[0], 2, 3, padding=1)
        self.head = nn.Conv2d(WIDTHS[0], 2, 3, padding=1)
        self.gate = nn.Conv2d(WIDTHS[0], 1, 3, padding=1)
        self.shade = nn.Conv2d(WIDTHS[0], 12, 3, padding=1)
        for output in (self.expression, self.head, self.gate, self.shade):
            nn.init.zeros_(output.weight)
            assert output.bias is not None
            nn.init.zeros_(output.bias)
        nn.init.constant_(self.gate.bias, _GATE_BIAS)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor) -> Separation:
        """x: ``[B,13,H,W]`` of :func:`planes`, H and W multiples of 64."""
        measured, head = x[:, 9:11], x[:, 11:13]
        features = functional.pixel_unshuffle(x, 2)
        skips = []
        for index, level in enumerate(self.levels):
            features = level(functional.avg_pool2d(features, 2) if index else features)
            skips.append(features)
        skips.pop()
        for rise in self.rises:
            features = rise(features, skips.pop())
        gate = _enlarged(torch.sigmoid(self.gate(features)))
        return Separation(
            gate * measured + _enlarged(self.expression(features)),
            head + _enlarged(self.head(features)),
            _SHADE * functional.pixel_shuffle(self.shade(features), 2),
        )


def _enlarged(x: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
