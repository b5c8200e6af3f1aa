"""The Riesz pyramid: local phase without orientations, a fifth of the steerable pyramid's cost.

N. Wadhwa et al., "Riesz Pyramids for Fast Phase-Based Video Magnification", ICCP 2014.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn import functional

_TINY = 1e-9


class Riesz(NamedTuple):
    """A band and its Riesz transform along x and y, each ``[N,h,w]``; amplitude is the length of the three."""

    band: torch.Tensor
    x: torch.Tensor
    y: torch.Tensor


def riesz(band: torch.Tensor) -> Riesz:
    """Approximated by the three-tap filter (-0.5, 0, 0.5), as published. band: ``[N,h,w]``."""
    taps = torch.tensor([0.5, 0.0, -0.5], dtype=band.dtype)
    padded = functional.pad(band[:, None], (1, 1, 1, 1), mode="replicate")
    along_x = functional.conv2d(padded[..., 1:-1, :], taps.view(1, 1, 1, 3))[:, 0]
    along_y = functional.conv2d(padded[..., :, 1:-1], taps.view(1, 1, 3, 1))[:, 0]
    return Riesz(band, along_x, along_y)


def phase_difference(reference: Riesz, frames: Riesz) -> tuple[torch.Tensor, torch.Tensor]:
    """How far the phase has moved since the reference, as (phase cos, phase sin of the local orientation).

    reference: ``[1,h,w]`` each. Gives the two parts ``[2,N,h,w]`` and the amplitude ``[N,h,w]``: logarithm of the quotient
    of the quaternions ``band + i x + j y`` (the ICCP paper's supplement, ComputePhaseDifferenceAndAmplitude).
    """
    real = frames.band * reference.band + frames.x * reference.x + frames.y * reference.y
    i = frames.x * reference.band - frames.band * reference.x
    j = frames.y * reference.band - frames.band * reference.y
    side = torch.sqrt(i**2 + j**2)
    phase = torch.atan2(side, real)
    scale = phase / side.clamp(min=_TINY)
    return torch.stack((i * scale, j * scale)), torch.sqrt(torch.sqrt(real**2 + side**2))


def turned(frames: Riesz, phase: torch.Tensor) -> torch.Tensor:
    """The band with its phase moved on by ``[2,N,h,w]``: the real part of the quaternion product."""
    length = torch.sqrt(phase[0] ** 2 + phase[1] ** 2)
    across = (phase[0] * frames.x + phase[1] * frames.y) / length.clamp(min=_TINY)
    return torch.cos(length) * frames.band - torch.sin(length) * across
