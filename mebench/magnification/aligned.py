"""Frames laid on the reference frame by the head's affine motion, so that the expression alone is magnified."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mebench.magnification.contract import Factor, per_pixel
from mebench.magnification.measured import field, pixels
from mebench.motion.align import fit_affine
from mebench.motion.flow import DisFine, grey
from mebench.motion.region import FaceRegion, face_region
from mebench.motion.warp import warp

FLOW = DisFine.name
"""The estimator that finds the head's motion."""


class HeadAligner:
    """The affine head motion of frames relative to one reference."""

    def __init__(self, reference: torch.Tensor, face: FaceRegion | None) -> None:
        image = pixels(reference)
        self._region = face or face_region(image)
        self._reference = grey(image)
        self._estimate = DisFine()
        self.mask = torch.from_numpy(self._region.weight)
        """1 in the face, falling to 0 around it: ``[H,W]``."""

    def __call__(self, frame: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Displacement fields ``[1,2,H,W]``: to sample the frame on the reference's grid, and the other way."""
        head = fit_affine(self._estimate(self._reference, grey(pixels(frame))), self._region.mask)
        size = self._reference.shape
        return field(head.field(*size)), field(head.inverse().field(*size))


@dataclass(frozen=True, eq=False)
class Laid:
    """A clip without head motion. frames: ``[T,3,H,W]`` on the grid of the reference frame. back: ``[T,2,H,W]``,
    displacement that brings them back. face: ``[H,W]``, 1 in the face, falling to 0 around it."""

    frames: torch.Tensor
    back: torch.Tensor
    face: torch.Tensor

    def inside(self, factor: Factor) -> torch.Tensor:
        """The factor in the face, 1 around it: a map ``[H,W]``."""
        return (1.0 + (per_pixel(factor) - 1.0) * self.face)[0, 0]

    def applied(self, frames: torch.Tensor, reference: int, change: torch.Tensor) -> torch.Tensor:
        """``frames`` with ``change`` ``[T,3,H,W]``, made on the laid frames, moved along with the head and added.

        Clipped to [0,1]. Only the change is resampled, so that a frame without one comes back bit by bit; the reference
        frame always does.
        """
        changed = (frames + warp(change, self.back, mode="bicubic")).clamp(0.0, 1.0)
        changed[reference] = frames[reference]
        return changed


def lay(frames: torch.Tensor, reference: int, face: FaceRegion | None) -> Laid:
    """Lay every frame of ``[T,3,H,W]`` on frame ``reference``."""
    aligner = HeadAligner(frames[reference], face)
    laid = frames.clone()
    back = torch.zeros(frames.shape[0], 2, *frames.shape[-2:])
    for index in range(frames.shape[0]):
        if index != reference:
            there, back[index : index + 1] = aligner(frames[index])
            laid[index] = warp(frames[index][None], there, mode="bicubic")[0].clamp(0.0, 1.0)
    return Laid(laid, back, aligner.mask)


def unaligned(frames: torch.Tensor) -> Laid:
    """The clip as it is: all motion of the picture counts, everywhere."""
    count, _, height, width = frames.shape
    return Laid(frames, torch.zeros(count, 2, height, width), torch.ones(height, width))
