"""Backward warping in pixels, and resizing, on torch tensors."""

from __future__ import annotations

import torch
from torch.nn import functional


def pixel_grid(height: int, width: int, like: torch.Tensor) -> torch.Tensor:
    """Coordinates of the pixel centres, ``[2,H,W]``, x then y, on the device and in the dtype of ``like``."""
    y, x = torch.meshgrid(
        torch.arange(height, device=like.device, dtype=like.dtype),
        torch.arange(width, device=like.device, dtype=like.dtype),
        indexing="ij",
    )
    return torch.stack((x, y))


def warp(image: torch.Tensor, flow: torch.Tensor, *, mode: str = "bilinear", padding: str = "border") -> torch.Tensor:
    """``out(p) = image(p + flow(p))``.

    image: ``[B,C,H,W]``. flow: ``[B,2,H,W]`` in pixels, x then y. mode: ``bilinear`` or ``bicubic``.
    padding: ``border``, ``zeros`` or ``reflection``. Zero flow gives ``image`` back.
    """
    height, width = image.shape[-2:]
    position = pixel_grid(height, width, flow) + flow
    size = torch.tensor([max(width - 1, 1), max(height - 1, 1)], device=flow.device, dtype=flow.dtype)
    grid = position.movedim(1, -1).mul_(2.0 / size).sub_(1.0)  # in place: fresh memory costs more than the sums
    return functional.grid_sample(image, grid, mode=mode, padding_mode=padding, align_corners=True)


def resize(frames: torch.Tensor, size: int | tuple[int, int]) -> torch.Tensor:
    """Antialiased bicubic resize of ``[T,C,H,W]`` to ``(height, width)`` or a square, clipped to [0,1]."""
    target = (size, size) if isinstance(size, int) else size
    if tuple(frames.shape[-2:]) == target:
        return frames
    resized = functional.interpolate(frames, size=target, mode="bicubic", align_corners=False, antialias=True)
    return resized.clamp(0.0, 1.0)


def inverse_displacement(flow: torch.Tensor, iterations: int = 6) -> torch.Tensor:
    """The backward field ``b(y) = -flow(y + b(y))`` of a forward field, by fixed-point iteration. ``[B,2,H,W]``."""
    backward = -flow
    for _ in range(iterations):
        backward = warp(flow, backward).neg_()
    return backward
