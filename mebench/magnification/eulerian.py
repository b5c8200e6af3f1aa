"""Linear Eulerian magnification: what changes at a pixel is amplified, and looks like motion.

H.-Y. Wu et al., "Eulerian Video Magnification for Revealing Subtle Changes in the World", SIGGRAPH 2012. With
``I = f(x + d(t))`` the change from the reference is about ``d f'``, so that adding it (factor - 1) times shows the motion
``factor d``, as long as that stays below an eighth of the wavelength. Noise is amplified by as much.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from mebench.magnification.aligned import FLOW, lay, unaligned
from mebench.magnification.contract import Factor, check_request, nothing_to_do
from mebench.magnification.laplacian import compose, decompose
from mebench.magnification.temporal import Filter, Temporal
from mebench.motion.region import FaceRegion

_TUNED_SIZE = 256

_EXAGGERATION = 2.0
"""Of the bound where it holds a level back, as in the published program."""

_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
"""ITU-R BT.470 (NTSC); its inverse is computed."""


class Eulerian:
    """Laplacian pyramid of the change from the reference frame; each level amplified, chroma less.

    temporal, low, high: see :class:`~mebench.magnification.temporal.Temporal`. wavelength: spatial wavelength in pixels
    at 256 px below which a level is amplified less (``lambda_c``). chroma: share of the amplification that colour gets.
    align: lay the frames on the reference by their affine head motion and change the face alone; without it the whole
    picture counts, as published.
    """

    name = "eulerian"
    factors = (1.0, 64.0)
    takes_fps = True

    def __init__(
        self,
        temporal: Filter = "static",
        low: float = 0.2,
        high: float = 10.0,
        wavelength: float = 16.0,
        chroma: float = 0.1,
        align: bool = True,
    ) -> None:
        self._temporal = Temporal(temporal, low, high)
        self._wavelength = wavelength
        self._chroma = chroma
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
        """See :class:`~mebench.magnification.contract.Magnifier`."""
        check_request(self, frames, factor, reference)
        if nothing_to_do(factor):
            return frames.clone()
        laid = lay(frames, reference, face) if self._align else unaligned(frames)
        change = self._temporal(laid.frames, reference, fps)
        return laid.applied(frames, reference, self._amplified(change, laid.inside(factor)))

    def _amplified(self, change: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """What is added to the frames: ``[T,3,H,W]``. factor: ``[H,W]``."""
        yiq = torch.einsum("ij,tjhw->tihw", _TO_YIQ, change)
        share = torch.tensor([1.0, self._chroma, self._chroma])[:, None, None]
        levels = decompose(yiq)
        longest = math.hypot(*change.shape[-2:]) / 3.0
        cut = self._wavelength * max(change.shape[-2:]) / _TUNED_SIZE
        for index, level in enumerate(levels):
            # As published: the finest band is noise, the low-pass is light; neither is amplified.
            if index in (0, len(levels) - 1):
                level.zero_()
                continue
            wavelength = longest / 2.0 ** (len(levels) - 1 - index)
            level.mul_(share * _gain(_reduced(factor, level.shape[-2:]), wavelength, cut))
        return torch.einsum("ij,tjhw->tihw", torch.linalg.inv(_TO_YIQ), compose(levels))


def _gain(factor: torch.Tensor, wavelength: float, cut: float) -> torch.Tensor:
    """What a level is amplified by: factor - 1, held back where ``factor d < wavelength / 8`` cannot hold.

    The displacement d is the one that just meets the bound at the wavelength ``cut``: ``d = cut / (8 factor)``.
    """
    bound = _EXAGGERATION * (wavelength * factor / cut - 1.0)
    return torch.minimum(factor - 1.0, bound.clamp(min=0.0))


def _reduced(factor: torch.Tensor, size: torch.Size) -> torch.Tensor:
    return functional.interpolate(factor[None, None], size=tuple(size), mode="bilinear", align_corners=False)[0, 0]
