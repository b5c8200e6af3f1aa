"""The landmarks' own motion as a field: what the drawings of the small variant carry beside their colours."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch.nn import functional

FINE, COARSE = 0.8, 2.5
"""Standard deviations in cells of the two smoothings: about the spacing of the mesh's points, and three times that."""

COARSE_SHARE = 0.02
"""Weight of the coarse smoothing: it fills what the fine one leaves empty."""

EMPTY = 1e-3
"""Coverage that halves the field: it fades to no motion away from the face."""


def carried_field(
    source: torch.Tensor, driving: torch.Tensor, side: int, cells: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The displacement from the driving landmarks back to the source's, at every cell of a corner-aligned grid.

    source, driving: ``[B,N,2]`` in pixels of an image of ``side`` pixels. Gives the field ``[B,2,cells,cells]`` in the
    same pixels, at the driving positions, and how densely landmarks lie there ``[B,1,cells,cells]``. Each landmark adds
    its displacement to the four cells around it; two Gaussians smooth the sums before they are divided.
    """
    sums = _splat(torch.cat((source - driving, torch.ones_like(source[..., :1])), -1), driving, side, cells)
    fine, coarse = _smooth(sums, FINE), _smooth(sums, COARSE)
    total = fine + COARSE_SHARE * coarse
    return total[:, :2] / (total[:, 2:] + EMPTY), fine[:, 2:]


def _splat(values: torch.Tensor, places: torch.Tensor, side: int, cells: int) -> torch.Tensor:
    """Sums ``[B,C,cells,cells]`` of values ``[B,N,C]`` at ``places``, shared bilinearly; outside places are left out."""
    batch, _, channels = values.shape
    at = places * ((cells - 1) / (side - 1))
    low = at.floor()
    part = at - low
    sums = values.new_zeros(batch, cells * cells, channels)
    for right in (0, 1):
        for down in (0, 1):
            cell = (low + low.new_tensor([right, down])).long()
            share = (part[..., 0] if right else 1 - part[..., 0]) * (part[..., 1] if down else 1 - part[..., 1])
            inside = ((cell >= 0) & (cell < cells)).all(-1)
            index = torch.where(inside, cell[..., 1] * cells + cell[..., 0], 0)
            added = values * (share * inside)[..., None]
            sums.scatter_add_(1, index[..., None].expand(-1, -1, channels), added)
    return sums.mT.reshape(batch, channels, cells, cells)


def _smooth(maps: torch.Tensor, sigma: float) -> torch.Tensor:
    kernel = _kernel(sigma).to(maps)
    channels, reach = maps.shape[1], len(kernel) // 2
    across = functional.conv2d(maps, kernel.expand(channels, 1, 1, -1), padding=(0, reach), groups=channels)
    return functional.conv2d(across, kernel[:, None].expand(channels, 1, -1, 1), padding=(reach, 0), groups=channels)


@cache
def _kernel(sigma: float) -> torch.Tensor:
    reach = math.ceil(3 * sigma)
    line = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=torch.float32) / sigma) ** 2)
    return line / line.sum()
