"""The complex steerable pyramid: oriented bands whose phase moves with the picture.

E. Simoncelli, W. Freeman, "The Steerable Pyramid", ICIP 1995; in the frequency domain, with raised-cosine masks, as
N. Wadhwa et al., "Phase-Based Video Motion Processing", SIGGRAPH 2013, use it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch

_COARSEST = 8
"""Bands are split off until fewer than so many pixels (of the shorter side) would remain."""


@dataclass(frozen=True, eq=False)
class Band:
    """One oriented band. rows, columns: the part of the centred spectrum it lives in. mask: ``[h,w]`` on that part."""

    rows: slice
    columns: slice
    mask: torch.Tensor


class SteerablePyramid:
    """Bands of pictures of one size.

    orientations: bands of each scale. bands_per_octave: 1, or 2 for narrower bands, which bear twice the motion at
    twice the cost.
    """

    def __init__(self, height: int, width: int, orientations: int = 8, bands_per_octave: int = 1) -> None:
        self._size = (height, width)
        radius, angle = _polar(height, width)
        count = max(int(bands_per_octave * math.log2(min(height, width) / _COARSEST)), 1)
        edges = [2.0 ** (-index / bands_per_octave) for index in range(count + 1)]
        low_passes = [_low_pass(radius, edge, bands_per_octave) for edge in edges]
        self.bands: list[list[Band]] = []
        for index in range(count):
            radial = low_passes[index] * torch.sqrt(1.0 - low_passes[index + 1] ** 2)
            rows, columns = (_part(side, edges[index]) for side in (height, width))
            self.bands.append(
                [
                    Band(rows, columns, (radial * _oriented(angle, number, orientations))[rows, columns])
                    for number in range(orientations)
                ]
            )
        self.residual = 1.0 - low_passes[0] ** 2 + low_passes[-1] ** 2
        """What the bands leave out, as a mask on the spectrum: highest and lowest frequencies."""

    def spectrum(self, images: torch.Tensor) -> torch.Tensor:
        """``[N,H,W]`` to the centred spectrum, complex ``[N,H,W]``."""
        spectrum: torch.Tensor = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
        return spectrum

    def coefficients(self, spectrum: torch.Tensor, band: Band) -> torch.Tensor:
        """The band of each picture at its own resolution: complex ``[N,h,w]``."""
        part = spectrum[..., band.rows, band.columns] * band.mask
        found: torch.Tensor = torch.fft.ifft2(torch.fft.ifftshift(part, dim=(-2, -1)))
        return found

    def add(self, spectrum: torch.Tensor, band: Band, coefficients: torch.Tensor) -> None:
        """Add what ``coefficients`` contribute to the pictures' spectrum, in place."""
        part = torch.fft.fftshift(torch.fft.fft2(coefficients), dim=(-2, -1))
        # One-sided bands: twice the real part of what they give (see `images`).
        spectrum[..., band.rows, band.columns] += 2.0 * part * band.mask

    def images(self, spectrum: torch.Tensor) -> torch.Tensor:
        """The real pictures ``[N,H,W]`` of a spectrum."""
        images: torch.Tensor = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1))).real
        return images

    def all(self) -> Iterator[Band]:
        """Every band, from fine to coarse."""
        for scale in self.bands:
            yield from scale


@lru_cache(maxsize=4)
def pyramid(height: int, width: int, orientations: int, bands_per_octave: int) -> SteerablePyramid:
    """A pyramid, kept for the next clip of the same size."""
    return SteerablePyramid(height, width, orientations, bands_per_octave)


def _polar(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Radius (1 at half a cycle a pixel) and angle of every frequency of the centred spectrum, ``[H,W]``."""
    y, x = (torch.fft.fftshift(torch.fft.fftfreq(side, dtype=torch.float64)) * 2.0 for side in (height, width))
    return torch.hypot(y[:, None], x[None, :]), torch.atan2(y[:, None], x[None, :])


def _low_pass(radius: torch.Tensor, edge: float, bands_per_octave: int) -> torch.Tensor:
    """1 below the band under ``edge``, 0 above ``edge``, half a cosine of the logarithm in between."""
    inside = radius.clamp(min=1e-12)
    position = (bands_per_octave * torch.log2(inside / edge) + 1.0).clamp(0.0, 1.0)
    return torch.cos(0.5 * math.pi * position)


def _oriented(angle: torch.Tensor, number: int, orientations: int) -> torch.Tensor:
    """``c cos^(K-1)`` of the angle to orientation ``number`` of K, on the half plane around it; the squares of all
    orientations and of their mirror images sum to 1."""
    order = orientations - 1
    constant = 2.0**order * math.factorial(order) / math.sqrt(orientations * math.factorial(2 * order))
    away = torch.remainder(angle - math.pi * number / orientations + math.pi, 2.0 * math.pi) - math.pi
    return torch.where(away.abs() < 0.5 * math.pi, constant * torch.cos(away) ** order, torch.zeros_like(away))


def _part(side: int, edge: float) -> slice:
    """The central part of a spectrum of ``side`` frequencies that holds those up to ``edge``."""
    reach = min(int(edge * side / 2.0) + 1, side // 2)
    middle = side // 2
    # As many frequencies below zero as above, and one more where the full side has an odd one out.
    return slice(middle - reach, middle + reach + side % 2)
