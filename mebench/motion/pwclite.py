"""PWCLite, the flow network of ARFlow: differentiable, shared by all pyramid levels.

L. Liu et al., "Learning by Analogy: Reliable Supervision from Transformations for Unsupervised Optical Flow
Estimation", CVPR 2020, arXiv 2003.13045. Written from tables of tensor names and shapes; published checkpoints load by
name. Tensors are float32 ``[B,C,H,W]``; flow is in pixels, x then y.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from mebench.motion.warp import warp

_PYRAMID = (3, 16, 32, 64, 96, 128, 192)
_CONTEXT = ((128, 1), (128, 2), (128, 4), (96, 8), (64, 16), (32, 1))
_ESTIMATOR = (128, 128, 96, 64, 32)
_REACH = 4
_REDUCED = 32
_SCALE = 4
"""The finest flow is estimated at a quarter of the input's resolution."""


@dataclass(frozen=True)
class PwcLiteConfig:
    """n_frames: 2, or 3 (the flows from the middle frame to both neighbours). reduce_dense: the narrow estimator.

    upsample: give the flows enlarged by 4, so that the finest has the input's resolution.
    width: channels of every layer in those of the published network.
    """

    n_frames: int = 2
    reduce_dense: bool = True
    upsample: bool = True
    width: float = 1.0

    def channels(self, published: int) -> int:
        """Channels of a layer that has ``published`` ones in the published network."""
        return max(round(self.width * published), 1)


class Flows(NamedTuple):
    """Flows ``[B,2,h,w]`` of five levels, finest first, in pixels of their own resolution.

    Two frames: forward is first to second, backward second to first (empty unless asked for).
    Three frames: forward is middle to next, backward middle to previous.
    """

    forward: list[torch.Tensor]
    backward: list[torch.Tensor]


def correlation(first: torch.Tensor, second: torch.Tensor, reach: int = _REACH) -> torch.Tensor:
    """Cost volume: mean over channels of ``first(p) second(p + d)``, zero outside.

    ``[B,C,H,W]`` twice to ``[B,(2 reach + 1)^2,H,W]``; channel ``(dy + reach) (2 reach + 1) + (dx + reach)``.
    """
    height, width = first.shape[-2:]
    padded = functional.pad(second, (reach,) * 4)
    side = range(2 * reach + 1)
    costs = [
        (first * padded[..., row : row + height, column : column + width]).mean(dim=1)
        for row in side
        for column in side
    ]
    return torch.stack(costs, dim=1)


def _pyramid(config: PwcLiteConfig) -> tuple[int, ...]:
    """Channels of the image and of the six levels, finest first."""
    return (_PYRAMID[0], *map(config.channels, _PYRAMID[1:]))


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = (kernel - 1) * dilation // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, dilation=dilation), nn.LeakyReLU(0.1)
    )


def _plain(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1))


class FeaturePyramid(nn.Module):
    """Six levels of features at 1/2 to 1/64 of the input's resolution."""

    def __init__(self, config: PwcLiteConfig) -> None:
        super().__init__()
        pairs = itertools.pairwise(_pyramid(config))
        self.convs = nn.ModuleList(nn.Sequential(_conv(a, b, stride=2), _conv(b, b)) for a, b in pairs)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """``[B,3,H,W]`` to six tensors, coarsest first."""
        levels = []
        for conv in self.convs:
            image = conv(image)
            levels.append(image)
        return levels[::-1]


class ReducedEstimator(nn.Module):
    """Five convolutions, each seeing the two before it."""

    def __init__(self, inputs: int, config: PwcLiteConfig) -> None:
        super().__init__()
        a, b, c, d, e = map(config.channels, _ESTIMATOR)
        self.hidden = e
        self.conv1 = _conv(inputs, a)
        self.conv2 = _conv(a, b)
        self.conv3 = _conv(a + b, c)
        self.conv4 = _conv(b + c, d)
        self.conv5 = _conv(c + d, e)
        self.predict_flow = _plain(d + e, 2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden features and flow increment."""
        c1 = self.conv1(x)
        c2 = self.conv2(c1)
        c3 = self.conv3(torch.cat((c1, c2), dim=1))
        c4 = self.conv4(torch.cat((c2, c3), dim=1))
        c5 = self.conv5(torch.cat((c3, c4), dim=1))
        return c5, self.predict_flow(torch.cat((c4, c5), dim=1))


class DenseEstimator(nn.Module):
    """Five convolutions, each seeing the input and everything before it, newest first."""

    def __init__(self, inputs: int, config: PwcLiteConfig) -> None:
        super().__init__()
        widths = [inputs]
        for index, width in enumerate(map(config.channels, _ESTIMATOR)):
            self.add_module(f"conv{index + 1}", _conv(sum(widths), width))
            widths.append(width)
        self.hidden = sum(widths)
        self.conv_last = _plain(self.hidden, 2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden features and flow increment."""
        for index in range(len(_ESTIMATOR)):
            x = torch.cat((self.get_submodule(f"conv{index + 1}")(x), x), dim=1)
        return x, self.conv_last(x)


class ContextNetwork(nn.Module):
    """Dilated convolutions that refine a flow."""

    def __init__(self, inputs: int, config: PwcLiteConfig) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        for published, dilation in _CONTEXT:
            outputs = config.channels(published)
            self.convs.append(_conv(inputs, outputs, dilation=dilation))
            inputs = outputs
        self.convs.append(_plain(inputs, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Flow increment ``[B,2,h,w]``."""
        for conv in self.convs:
            x = conv(x)
        return x


class PwcLite(nn.Module):
    """The whole network. Height and width of the input must be multiples of 64."""

    def __init__(self, config: PwcLiteConfig | None = None) -> None:
        super().__init__()
        self.config = config or PwcLiteConfig()
        if self.config.n_frames not in (2, 3):
            raise ValueError(f"PWCLite takes 2 or 3 frames, not {self.config.n_frames}.")
        costs = (2 * _REACH + 1) ** 2
        sides = self.config.n_frames - 1
        reduced = self.config.channels(_REDUCED)
        inputs = reduced + sides * (costs + 2)
        self.feature_pyramid_extractor = FeaturePyramid(self.config)
        estimator = (ReducedEstimator if self.config.reduce_dense else DenseEstimator)(inputs, self.config)
        self.flow_estimators: ReducedEstimator | DenseEstimator = estimator
        self.context_networks = ContextNetwork(sides * (estimator.hidden + 2), self.config)
        self.conv_1x1 = nn.ModuleList(_conv(width, reduced, kernel=1) for width in _pyramid(self.config)[:1:-1])

    def forward(self, frames: torch.Tensor, with_backward: bool = False) -> Flows:
        """frames: float32 ``[B,3 n_frames,H,W]``, RGB in [0,1], concatenated in order of time."""
        height, width = frames.shape[-2:]
        if height % 64 or width % 64:
            raise ValueError(f"PWCLite needs sides that are multiples of 64, not {height} x {width}.")
        pyramids = [self.feature_pyramid_extractor(image)[:5] for image in frames.chunk(self.config.n_frames, dim=1)]
        if self.config.n_frames == 3:
            forward, backward = self._middle(*pyramids)
        else:
            first, second = pyramids
            forward = self._pair(first, second)
            backward = self._pair(second, first) if with_backward else []
        return Flows(self._finish(forward), self._finish(backward))

    def _pair(self, first: list[torch.Tensor], second: list[torch.Tensor]) -> list[torch.Tensor]:
        flows: list[torch.Tensor] = []
        for level, (own, other) in enumerate(zip(first, second, strict=True)):
            flow = _enlarged(flows[-1], own) if flows else _zero(own)
            seen = torch.cat((_costs(own, other, flow, level), self.conv_1x1[level](own), flow), dim=1)
            hidden, increment = self.flow_estimators(seen)
            flow = flow + increment
            flows.append(flow + self.context_networks(torch.cat((hidden, flow), dim=1)))
        return flows

    def _middle(
        self, previous: list[torch.Tensor], middle: list[torch.Tensor], following: list[torch.Tensor]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        flows: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
        for level, own in enumerate(middle):
            others = (following[level], previous[level])
            now = [_enlarged(side[-1], own) if side else _zero(own) for side in flows]
            costs = [_costs(own, other, flow, level) for other, flow in zip(others, now, strict=True)]
            reduced = self.conv_1x1[level](own)
            hidden = []
            for side in (0, 1):
                seen = (reduced, costs[side], costs[1 - side], now[side], -now[1 - side])
                features, increment = self.flow_estimators(torch.cat(seen, dim=1))
                hidden.append((features, now[side] + increment))
            for side in (0, 1):
                (features, flow), (others_features, other_flow) = hidden[side], hidden[1 - side]
                seen_by_context = torch.cat((features, others_features, flow, -other_flow), dim=1)
                flows[side].append(flow + self.context_networks(seen_by_context))
        return flows

    def _finish(self, flows: list[torch.Tensor]) -> list[torch.Tensor]:
        if self.config.upsample:
            flows = [_bilinear(flow * _SCALE, _SCALE) for flow in flows]
        return flows[::-1]


def _costs(own: torch.Tensor, other: torch.Tensor, flow: torch.Tensor, level: int) -> torch.Tensor:
    # At the coarsest level the flow is zero and the features stay as they are.
    moved = warp(other, flow) if level else other
    return functional.leaky_relu(correlation(own, moved), 0.1)


def _enlarged(flow: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    size = features.shape[-2:]
    return functional.interpolate(flow * 2, size=size, mode="bilinear", align_corners=True)


def _bilinear(tensor: torch.Tensor, scale: int) -> torch.Tensor:
    return functional.interpolate(tensor, scale_factor=scale, mode="bilinear", align_corners=True)


def _zero(features: torch.Tensor) -> torch.Tensor:
    return features.new_zeros((features.shape[0], 2, *features.shape[-2:]))
