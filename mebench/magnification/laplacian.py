"""The Laplacian pyramid. P. Burt, E. Adelson, "The Laplacian Pyramid as a Compact Image Code", IEEE TCOM 1983."""

from __future__ import annotations

import torch
from torch.nn import functional

_TAPS = (1.0 / 16, 4.0 / 16, 6.0 / 16, 4.0 / 16, 1.0 / 16)

_SMALLEST = 5
"""A level narrower than the kernel is not reduced further."""


def decompose(images: torch.Tensor) -> list[torch.Tensor]:
    """``[N,C,H,W]`` to band-passes from fine to coarse and last the low-pass; :func:`compose` gives the images back."""
    levels = []
    while min(images.shape[-2:]) // 2 >= _SMALLEST:
        smaller = _reduce(images)
        levels.append(images - _expand(smaller, images.shape[-2:]))
        images = smaller
    return [*levels, images]


def compose(levels: list[torch.Tensor]) -> torch.Tensor:
    """The images of a pyramid."""
    images = levels[-1]
    for level in reversed(levels[:-1]):
        images = level + _expand(images, level.shape[-2:])
    return images


def _blur(images: torch.Tensor) -> torch.Tensor:
    channels = images.shape[1]
    taps = torch.tensor(_TAPS, dtype=images.dtype, device=images.device)
    padded = functional.pad(images, (2, 2, 2, 2), mode="reflect")
    rows = functional.conv2d(padded, taps.view(1, 1, 5, 1).expand(channels, 1, 5, 1), groups=channels)
    return functional.conv2d(rows, taps.view(1, 1, 1, 5).expand(channels, 1, 1, 5), groups=channels)


def _reduce(images: torch.Tensor) -> torch.Tensor:
    return _blur(images)[..., ::2, ::2]


def _expand(images: torch.Tensor, size: torch.Size) -> torch.Tensor:
    large = images.new_zeros(*images.shape[:2], *size)
    large[..., ::2, ::2] = images
    return 4.0 * _blur(large)
