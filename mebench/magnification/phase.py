"""Phase-based magnification: the phase of local waves, moved on by more than it moved.

N. Wadhwa et al., "Phase-Based Video Motion Processing", SIGGRAPH 2013 (complex steerable pyramid), and "Riesz Pyramids
for Fast Phase-Based Video Magnification", ICCP 2014. A shift by d turns the phase of a wave of length L by 2 pi d / L;
noise is shifted with the picture instead of amplified. Motion beyond a quarter of a band's wavelength rings.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mebench.errors import ConfigError
from mebench.magnification.aligned import FLOW, lay, unaligned
from mebench.magnification.contract import Factor, check_request, nothing_to_do
from mebench.magnification.laplacian import compose, decompose
from mebench.magnification.riesz import Riesz, phase_difference, riesz, turned
from mebench.magnification.steerable import pyramid
from mebench.magnification.temporal import Filter, Temporal
from mebench.motion.region import FaceRegion

_LUMA = torch.tensor([0.299, 0.587, 0.114])
_TINY = 1e-9


class Phase:
    """Phase of luma bands relative to the reference frame, smoothed by amplitude, amplified; colour stays.

    pyramid: ``steerable`` (complex steerable pyramid) or ``riesz``, which is faster. orientations, bands_per_octave: of
    the steerable pyramid. smoothing: deviation in pixels of each band of the amplitude-weighted blur of its phase.
    temporal, low, high: see :class:`~mebench.magnification.temporal.Temporal`. align: as in
    :class:`~mebench.magnification.eulerian.Eulerian`.
    """

    factors = (0.0, 64.0)
    takes_fps = True

    def __init__(
        self,
        pyramid: Literal["steerable", "riesz"] = "steerable",
        orientations: int = 8,
        bands_per_octave: int = 1,
        smoothing: float = 3.0,
        temporal: Filter = "static",
        low: float = 0.2,
        high: float = 10.0,
        align: bool = True,
    ) -> None:
        if pyramid not in ("steerable", "riesz"):
            raise ConfigError(f"phase: the pyramid is 'steerable' or 'riesz', not '{pyramid}'.")
        if orientations < 2 or bands_per_octave not in (1, 2):
            raise ConfigError("phase: give at least 2 orientations, and 1 or 2 bands per octave.")
        self.name = "phase" if pyramid == "steerable" else "riesz"
        self._pyramid = pyramid
        self._bands = (orientations, bands_per_octave)
        self._smoothing = smoothing
        self._temporal = Temporal(temporal, low, high)
        self._align = align
        self.flow = FLOW if align else None

    def magnify(
        self,
        frames: torch.Tensor,
        factor: Factor,
        reference: int,
        face: FaceRegion | None = None,
        fps: float | None = None,
    ) -> torch.Tensor:
        """See :class:`~mebench.magnification.contract.Magnifier`. Factors below 1 take motion away."""
        check_request(self, frames, factor, reference)
        if nothing_to_do(factor):
            return frames.clone()
        laid = lay(frames, reference, face) if self._align else unaligned(frames)
        luma = torch.einsum("c,tchw->thw", _LUMA, laid.frames)
        extra = laid.inside(factor) - 1.0
        moved = (self._steerable if self._pyramid == "steerable" else self._riesz)(luma, extra, reference, fps)
        return laid.applied(frames, reference, (moved - luma)[:, None].expand(-1, 3, -1, -1))

    def _steerable(self, luma: torch.Tensor, extra: torch.Tensor, reference: int, fps: float | None) -> torch.Tensor:
        bands = pyramid(luma.shape[-2], luma.shape[-1], *self._bands)
        spectrum = bands.spectrum(luma)
        result = spectrum * bands.residual
        for band in bands.all():
            found = bands.coefficients(spectrum, band)
            phase = torch.angle(found * found[reference].conj())
            phase = self._filtered(phase, reference, fps)
            smooth = self._smoothed(phase[None], found.abs())[0]
            bands.add(result, band, found * torch.exp(1j * _reduced(extra, found.shape[-2:]) * smooth))
        return bands.images(result).to(luma.dtype)

    def _riesz(self, luma: torch.Tensor, extra: torch.Tensor, reference: int, fps: float | None) -> torch.Tensor:
        levels = decompose(luma[:, None])
        for index, level in enumerate(levels[:-1]):
            found = riesz(level[:, 0])
            first = Riesz(*(part[reference : reference + 1] for part in found))
            phase, amplitude = phase_difference(first, found)
            phase = torch.stack([self._filtered(part, reference, fps) for part in phase])
            smooth = self._smoothed(phase, amplitude)
            levels[index] = turned(found, _reduced(extra, level.shape[-2:]) * smooth)[:, None]
        return compose(levels)[:, 0]

    def _filtered(self, phase: torch.Tensor, reference: int, fps: float | None) -> torch.Tensor:
        """``[T,h,w]``: as it is in the static mode (it starts at the reference), else unwrapped over time, filtered."""
        if self._temporal.kind == "static":
            return phase
        unwrapped = torch.from_numpy(np.unwrap(phase.numpy(), axis=0).astype(np.float32))
        return self._temporal(unwrapped, reference, fps)

    def _smoothed(self, phase: torch.Tensor, amplitude: torch.Tensor) -> torch.Tensor:
        """Amplitude-weighted Gaussian blur of ``[k,T,h,w]``, weights ``[T,h,w]``."""
        if self._smoothing <= 0.0:
            return phase
        total = self._blurred(amplitude).clamp(min=_TINY)
        return torch.stack([self._blurred(part * amplitude) / total for part in phase])

    def _blurred(self, maps: torch.Tensor) -> torch.Tensor:
        # No wider than the band allows: a coarse band of 16 pixels holds one face.
        sigma = min(self._smoothing, min(maps.shape[-2:]) / 8.0)
        arrays: list[NDArray[np.float32]] = list(maps.to(torch.float32).numpy())
        blurred = [np.asarray(cv2.GaussianBlur(array, (0, 0), sigma)) for array in arrays]
        return torch.from_numpy(np.stack(blurred))


def load_riesz(
    smoothing: float = 3.0, temporal: Filter = "static", low: float = 0.2, high: float = 10.0, align: bool = True
) -> Phase:
    """:class:`Phase` on the Riesz pyramid."""
    return Phase("riesz", smoothing=smoothing, temporal=temporal, low=low, high=high, align=align)


def _reduced(extra: torch.Tensor, size: torch.Size) -> torch.Tensor:
    return functional.interpolate(extra[None, None], size=tuple(size), mode="bilinear", align_corners=False)[0, 0]
