"""FlowMag as a magnifier: each frame painted anew by the network, with its motion from the reference frame enlarged."""

from __future__ import annotations

from pathlib import Path

import torch

from mebench.errors import ConfigError
from mebench.magnification.aligned import HeadAligner
from mebench.magnification.contract import Factor, check_request, largest
from mebench.magnification.flowmag_adaptation import adapted, loss_flow, loss_flow_file
from mebench.magnification.flowmag_checkpoint import convert, read_flowmag
from mebench.magnification.flowmag_network import FlowMag
from mebench.motion.flow_networks import FlowNetwork
from mebench.motion.region import FaceRegion
from mebench.motion.warp import warp
from mebench.weights.locate import find, sha256_unless_shipped

__all__ = ["FlowMagMagnifier", "convert", "load", "magnify_pair"]

_ONE_PASS = 16.0
_SMALLEST_SIDE = 16


def magnify_pair(
    model: FlowMag,
    reference: torch.Tensor,
    frame: torch.Tensor,
    alpha: Factor,
    mask: torch.Tensor | None = None,
    passes: int | None = None,
) -> torch.Tensor:
    """Magnify ``frame`` against ``reference``, both float32 ``[B,3,H,W]`` in [0,1]; gives ``[B,3,H,W]``.

    alpha: a number, or a map ``[H,W]``, which is encoded pixel by pixel. passes: how often the network is applied, with
    the root of alpha each time and the reference fixed; by default once up to 16, twice above. mask: ``[H,W]``, see :meth:`FlowMag.forward`.
    """
    passes = passes or (1 if largest(alpha) <= _ONE_PASS else 2)
    root = alpha ** (1.0 / passes)
    factor = root[None] if isinstance(root, torch.Tensor) else torch.full((frame.shape[0],), root)
    for _ in range(passes):
        frame = model(torch.stack((reference.expand_as(frame), frame), dim=2), factor, mask)[:, :, 0]
    return frame


class FlowMagMagnifier:
    """FlowMag's network applied to a clip.

    The network enlarges all motion, the head's included. With ``align`` (the default) each frame is first laid on the
    reference by its affine head motion, magnified inside the face alone (the published mask), and moved back, so that
    the expression alone is scaled. Without it the clip goes through as in the published inference.

    adapt: steps of test-time adaptation on the clip itself, 0 for none (see
    :mod:`mebench.magnification.flowmag_adaptation`; scores with it belong to a track of their own). flow_of_loss: the
    network that judges the motion in these steps; adapt_flow: its name, for the record. weights_sha256,
    adapt_flow_sha256: hashes of both files, for the record; none for weights that ship.
    """

    name = "flowmag"
    factors = (1.0, 256.0)

    def __init__(
        self,
        model: FlowMag,
        weights: str = "",
        align: bool = True,
        adapt: int = 0,
        flow_of_loss: FlowNetwork | None = None,
        adapt_flow: str = "",
        *,
        weights_sha256: str | None = None,
        adapt_flow_sha256: str | None = None,
    ) -> None:
        if adapt < 0:
            raise ConfigError(f"flowmag: adapt is a number of steps, not {adapt}.")
        if adapt and flow_of_loss is None:
            raise ConfigError("flowmag: to adapt it takes a flow network for its loss (adapt_flow).")
        self.weights = weights
        self.weights_sha256 = weights_sha256
        self.adapt_flow_sha256 = adapt_flow_sha256
        self.adapt = adapt
        self.adapt_flow = adapt_flow
        self._model = model.eval().requires_grad_(False)
        self._align = align
        self._flow_of_loss = flow_of_loss

    def magnify(
        self, frames: torch.Tensor, factor: Factor, reference: int, face: FaceRegion | None = None
    ) -> torch.Tensor:
        """See :class:`~mebench.magnification.contract.Magnifier`. Sides of at least 16 pixels."""
        check_request(self, frames, factor, reference, smallest_side=_SMALLEST_SIDE)
        magnified = frames.clone()
        with torch.no_grad():
            aligner = HeadAligner(frames[reference], face) if self._align else None
            model = self._fitted(frames, reference, aligner)
            for index in range(frames.shape[0]):
                if index != reference:
                    magnified[index] = _painted(model, frames[reference], frames[index], factor, aligner)
        return magnified

    def _fitted(self, frames: torch.Tensor, reference: int, aligner: HeadAligner | None) -> FlowMag:
        """The network, after adaptation to the frames as it will see them."""
        if self._flow_of_loss is None or not self.adapt:
            return self._model
        others = [frame for index, frame in enumerate(frames) if index != reference]
        seen = others if aligner is None else [_laid(frame, aligner(frame)[0])[0] for frame in others]
        return adapted(self._model, self._flow_of_loss, frames[reference], torch.stack(seen), self.adapt)


def _painted(
    model: FlowMag, reference: torch.Tensor, frame: torch.Tensor, factor: Factor, aligner: HeadAligner | None
) -> torch.Tensor:
    if aligner is None:
        return magnify_pair(model, reference[None], frame[None], factor)[0]
    there, back = aligner(frame)
    painted = magnify_pair(model, reference[None], _laid(frame, there), factor, aligner.mask)
    return warp(painted, back, mode="bicubic")[0].clamp(0.0, 1.0)


def _laid(frame: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """The frame on the grid of the reference, ``[1,3,H,W]``."""
    return warp(frame[None], there, mode="bicubic").clamp(0.0, 1.0)


def load(
    weights: str | Path = "flowmag-raft", align: bool = True, adapt: int = 0, adapt_flow: str = "pwclite"
) -> FlowMagMagnifier:
    """Paints each frame anew, its motion enlarged; published weights, which the user adds.

    weights: a name that ``mebench weights list`` shows (``flowmag-raft``, ``flowmag-arflow``), or the path of a
    checkpoint in the published format. align, adapt: see :class:`FlowMagMagnifier`. adapt_flow: the flow network of the
    adaptation's loss, ``pwclite`` or ``raft`` or the path of a ``.safetensors`` file of PWCLite.
    Raises :class:`~mebench.errors.MissingWeights` and :class:`~mebench.errors.CheckpointError`.
    """
    path = Path(weights) if Path(weights).suffix else find(str(weights))
    flow, named = (loss_flow(adapt_flow), adapt_flow) if adapt else (None, "")
    return FlowMagMagnifier(
        read_flowmag(path),
        Path(weights).name,
        align,
        adapt,
        flow,
        named,
        weights_sha256=sha256_unless_shipped(path),
        adapt_flow_sha256=sha256_unless_shipped(loss_flow_file(adapt_flow)) if adapt else None,
    )
