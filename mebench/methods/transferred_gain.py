"""How much of the driver's expression a backbone carries over, measured on its own output."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.errors import InputError
from mebench.motion.align import fit_affine
from mebench.motion.carry import Correspondence
from mebench.motion.flow import DisFine
from mebench.motion.landmarks import face_mesh, oval_mask

SMALLEST, LARGEST = 0.05, 4.0
"""Gains outside this range are read as a failed measurement and brought to its ends."""


def transferred_gain(generated: torch.Tensor, driving: torch.Tensor, onset: int, apex: int) -> float | None:
    """Least-squares gain of the output's expression at the apex along that of the driver, carried over by landmarks.

    generated: float32 ``[T,3,h,w]``, driving: float32 ``[T,3,H,W]``, both in [0,1]. The affine part (head motion) is
    taken out of both fields. None when no face is found in either onset frame, or when the driver does not move.
    """
    first, last = _pixels(driving[onset]), _pixels(driving[apex])
    made, moved = _pixels(generated[onset]), _pixels(generated[apex])
    try:
        points, own = face_mesh(first).points, face_mesh(made).points
    except InputError:
        return None
    estimate = DisFine()
    carry = Correspondence(own, points, made.shape[:2], first.shape[:2])
    expected = carry.displacement(estimate(first, last))
    mask = oval_mask(own, *made.shape[:2])
    output = estimate(made, moved)
    expected = expected - fit_affine(expected, mask).field(*mask.shape)
    output = output - fit_affine(output, mask).field(*mask.shape)
    energy = float((expected[mask] ** 2).sum())
    if energy <= 0.0:
        return None
    return float(np.clip((expected[mask] * output[mask]).sum() / energy, SMALLEST, LARGEST))


def _pixels(frame: torch.Tensor) -> NDArray[np.uint8]:
    return (frame * 255.0).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
