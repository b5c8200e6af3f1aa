"""FlowMag as a magnifier: each frame painted anew by the network, with its motion from the reference frame enlarged."""

from __future__ import annotations

from pathlib import Path

import torch

from mebench.magnification.contract import check_request
from mebench.magnification.flowmag_checkpoint import convert, read_flowmag
from mebench.magnification.flowmag_network import FlowMag
from mebench.magnification.measured import field, pixels
from mebench.motion.align import fit_affine
from mebench.motion.flow import DisFine, grey
from mebench.motion.region import FaceRegion, face_region
from mebench.motion.warp import warp
from mebench.weights.locate import find

__all__ = ["FlowMagMagnifier", "convert", "load", "magnify_pair"]

_ONE_PASS = 16.0
_SMALLEST_SIDE = 16


def magnify_pair(
    model: FlowMag,
    reference: torch.Tensor,
    frame: torch.Tensor,
    alpha: float,
    mask: torch.Tensor | None = None,
    passes: int | None = None,
) -> torch.Tensor:
    """Magnify ``frame`` against ``reference``, both float32 ``[B,3,H,W]`` in [0,1]; gives ``[B,3,H,W]``.

    passes: how often the network is applied, with the root of alpha each time and the reference fixed; by default once
    up to 16, twice above. mask: ``[H,W]``, see :meth:`FlowMag.forward`.
    """
    passes = passes or (1 if alpha <= _ONE_PASS else 2)
    factor = torch.full((frame.shape[0],), alpha ** (1.0 / passes))
    for _ in range(passes):
        frame = model(torch.stack((reference.expand_as(frame), frame), dim=2), factor, mask)[:, :, 0]
    return frame


class FlowMagMagnifier:
    """FlowMag's network applied to a clip.

    The network enlarges all motion, the head's included. With ``align`` (the default) each frame is first laid on the
    reference by its affine head motion, magnified inside the face alone (the published mask), and moved back, so that
    the expression alone is scaled. Without it the clip goes through as in the published inference.
    """

    name = "flowmag"
    factors = (1.0, 256.0)

    def __init__(self, model: FlowMag, weights: str = "", align: bool = True) -> None:
        self.weights = weights
        self._model = model.eval().requires_grad_(False)
        self._align = align

    def magnify(
        self, frames: torch.Tensor, factor: float, reference: int, face: FaceRegion | None = None
    ) -> torch.Tensor:
        """See :class:`~mebench.magnification.contract.Magnifier`. Sides of at least 16 pixels."""
        check_request(self, frames, factor, reference, smallest_side=_SMALLEST_SIDE)
        magnified = frames.clone()
        with torch.no_grad():
            aligner = _Aligner(frames[reference], face) if self._align else None
            for index in range(frames.shape[0]):
                if index != reference:
                    magnified[index] = self._frame(frames[reference], frames[index], factor, aligner)
        return magnified

    def _frame(
        self, reference: torch.Tensor, frame: torch.Tensor, factor: float, aligner: _Aligner | None
    ) -> torch.Tensor:
        if aligner is None:
            return magnify_pair(self._model, reference[None], frame[None], factor)[0]
        there, back = aligner(frame)
        laid = warp(frame[None], there, mode="bicubic").clamp(0.0, 1.0)
        painted = magnify_pair(self._model, reference[None], laid, factor, aligner.mask)
        return warp(painted, back, mode="bicubic")[0].clamp(0.0, 1.0)


class _Aligner:
    """The affine head motion of frames relative to one reference."""

    def __init__(self, reference: torch.Tensor, face: FaceRegion | None) -> None:
        image = pixels(reference)
        self._region = face or face_region(image)
        self._reference = grey(image)
        self._estimate = DisFine()
        self.mask = torch.from_numpy(self._region.weight)

    def __call__(self, frame: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Displacement fields ``[1,2,H,W]``: to sample the frame on the reference's grid, and the other way."""
        head = fit_affine(self._estimate(self._reference, grey(pixels(frame))), self._region.mask)
        size = self._reference.shape
        return field(head.field(*size)), field(head.inverse().field(*size))


def load(weights: str | Path = "flowmag-raft", align: bool = True) -> FlowMagMagnifier:
    """The magnifier with published weights.

    weights: a name that ``mebench weights list`` shows (``flowmag-raft``, ``flowmag-arflow``), or the path of a
    checkpoint in the published format. align: see :class:`FlowMagMagnifier`.
    Raises :class:`~mebench.errors.MissingWeights` and :class:`~mebench.errors.CheckpointError`.
    """
    path = Path(weights) if Path(weights).suffix else find(str(weights))
    return FlowMagMagnifier(read_flowmag(path), weights=Path(weights).name, align=align)
