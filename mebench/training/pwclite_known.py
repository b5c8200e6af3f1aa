"""What PWCLite learns from exact motion: rendered pairs with the flow that they were rendered with, and an L1 over levels.

D. Sun et al., "PWC-Net", CVPR 2018, section 3, for the loss over all levels; here the finest counts most, because motion
of tenths of a pixel shows nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional

from mebench.motion.warp import pixel_grid, warp
from mebench.training.flowmag_lite_data import CROP, OFF_HEAD

SHIFT, TURN_DEG, STRETCH = 3.0, 2.0, 0.02
"""Deviations of the motion that is added to the second frame: pixels, degrees, share."""

SHARES = (0.0, 0.1, 0.3, 1.0)
"""The added motion is multiplied by one of these: most of what is measured later is small."""

COARSE = 0.35
"""Share of the training in which all motion is large: small motion teaches a fresh network nothing but to stand still."""

OFF_HEAD_WEIGHT = 0.1
"""The background, bare and blurred, says where the head ends and little else."""

_LEVELS = (1.0, 0.3, 0.1, 0.05, 0.05)
"""Weights of the levels, finest first."""


def whole_motion(rng: np.random.Generator, share: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """A random shift, turn and stretch about the middle, times ``share``: matrix ``[2,2]`` and shift ``[2,1]`` px of
    ``second(p) = frame(middle + matrix (p - middle) + shift)``, float32."""
    angle = math.radians(rng.normal(0.0, share * TURN_DEG))
    scale = 1.0 + rng.normal(0.0, share * STRETCH)
    matrix = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return torch.from_numpy(matrix).float(), torch.from_numpy(rng.normal(0.0, share * SHIFT, (2, 1))).float()


def displacement(matrix: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    """The motion as a field ``[1,2,CROP,CROP]`` px."""
    grid = pixel_grid(CROP, CROP, torch.zeros(1))
    from_middle = (grid - (CROP - 1) / 2.0).flatten(1)
    return ((matrix - torch.eye(2)) @ from_middle + shift).reshape(1, 2, CROP, CROP)


def known_pair(
    pair: np.void, rng: np.random.Generator, side: int, shares: Sequence[float] = SHARES
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Both pictures of a pair, the second moved as a whole, and the exact flow between them: one random crop, mirrored half
    of the time, with another colour balance. shares: see :data:`SHARES`.

    Gives frames float32 ``[2,3,S,S]`` in [0,1], flow ``[2,S,S]`` px on the grid of the first, weight ``[1,S,S]``.
    """
    images = torch.from_numpy(np.stack([pair[name] for name in ("reference", "frame")])).movedim(-1, 1) / 255.0
    matrix, shift = whole_motion(rng, float(rng.choice(shares)))
    images = torch.cat((images[:1], warp(images[1:], displacement(matrix, shift), mode="bicubic")))
    exact = torch.from_numpy(pair["head"].astype(np.float32) + pair["expression"].astype(np.float32)).movedim(-1, 0)
    grid = pixel_grid(CROP, CROP, exact)
    middle = (CROP - 1) / 2.0
    # What the frame shows at x + flow(x) lies, after the whole motion, where that motion leads to it.
    there = torch.linalg.solve(matrix, (grid + exact - middle).flatten(1) - shift).reshape(2, CROP, CROP) + middle
    weight = torch.from_numpy(np.where(pair["place"] == OFF_HEAD, OFF_HEAD_WEIGHT, 1.0)).float()
    every = torch.cat((images.flatten(0, 1), there - grid, weight[None]))
    top, left = (int(value) for value in rng.integers(CROP - side + 1, size=2))
    every = every[:, top : top + side, left : left + side]
    if rng.random() < 0.5:
        every = every.flip(-1)
        every[6] = -every[6]
    gain = torch.from_numpy(rng.uniform(0.8, 1.15, size=3)).float()[:, None, None]
    frames = every[:6].reshape(2, 3, side, side)
    return (frames * gain).clamp(0.0, 1.0), every[6:8], every[8:]


def known_loss(flows: Sequence[torch.Tensor], exact: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean absolute error of the flows of all levels, finest first, in pixels of the full size; weighted.

    flows: ``[B,2,h,w]`` in pixels of their own size. exact: ``[B,2,H,W]``. weight: ``[B,1,H,W]``.
    """
    total = exact.new_zeros(())
    for flow, share in zip(flows, _LEVELS, strict=True):
        size = flow.shape[-2:]
        wanted = functional.interpolate(exact, size=size, mode="area")
        trusted = functional.interpolate(weight, size=size, mode="area")
        error = (flow * (exact.shape[-1] / size[-1]) - wanted).abs() * trusted
        total = total + share * error.mean() / trusted.mean()
    return total
