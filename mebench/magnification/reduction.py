"""What the demagnifiers share: motion between the generated reference frame and each generated frame, both ways.

With g_r the generated reference frame and g_t a generated frame, B is the flow from g_t to g_r on the grid of g_t and F
the flow from g_r to g_t on the grid of g_r. Each is split into the head's motion (affine inside the face) and the
expression; the expression alone is scaled, because the expression alone was magnified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from mebench.magnification.contract import Factor, check_request, nothing_to_do, per_pixel
from mebench.magnification.measured import field, measure, pixels
from mebench.motion.consistency import consistent, soft
from mebench.motion.flow import FlowEstimator
from mebench.motion.flow_networks import load_flow
from mebench.motion.region import FaceRegion, central_region, face_region
from mebench.motion.warp import warp

_EDGE = 1.5
"""Width in pixels (at 256 px) of the edge of areas that fail the check."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Tensors of one frame. backward, forward: B and F, ``[1,2,H,W]`` pixels, and their expression parts.

    face: ``[1,1,H,W]``, how much a pixel belongs to the face (1 everywhere when all motion is scaled).
    agreed: ``[1,1,H,W]``, 1 where B and F pass the forward-backward check.
    """

    frame: torch.Tensor
    backward: torch.Tensor
    backward_expression: torch.Tensor
    forward_expression: torch.Tensor
    face: torch.Tensor
    agreed: torch.Tensor

    def reference_at(self, reference: torch.Tensor, factor: float | torch.Tensor) -> torch.Tensor:
        """The reference with the head of the frame and ``factor`` times its expression: ``[1,3,H,W]``."""
        return sample(reference, self.backward - (1.0 - factor) * self.backward_expression)


class Demagnifier:
    """Scales expression down, frame by frame. keep_head: with False all motion of the picture is scaled. flow: the
    estimator, see :func:`~mebench.motion.flow_networks.load_flow`; None takes the usual one."""

    name = ""
    factors = (0.0, 1.0)
    usual_flow = "dis-steady"
    """The estimator that errs least in the study of demagnifiers (docs/demagnification.md)."""

    def __init__(self, keep_head: bool = True, flow: str | None = None) -> None:
        self._keep_head = keep_head
        self._estimator = load_flow(flow or self.usual_flow)
        self.flow = self._estimator.name
        self.flow_sha256 = getattr(self._estimator, "weights_sha256", None)

    def magnify(
        self, frames: torch.Tensor, factor: Factor, reference: int, face: FaceRegion | None = None
    ) -> torch.Tensor:
        """See :class:`~mebench.magnification.contract.Magnifier`: factor 1/4 divides the displacement from frame
        ``reference`` by four; 0 removes the expression."""
        check_request(self, frames, factor, reference)
        reduced = frames.clone()
        if nothing_to_do(factor):
            return reduced
        share = per_pixel(factor)
        for index, motion in _motions(frames, reference, face, self._keep_head, self._estimator):
            reduced[index] = self.reduce(frames[reference][None], motion, share)[0].clamp(0.0, 1.0)
        return reduced

    def reduce(self, reference: torch.Tensor, motion: Motion, factor: torch.Tensor) -> torch.Tensor:
        """One frame with its expression scaled, ``[1,3,H,W]``. reference: g_r, ``[1,3,H,W]``. factor: ``[1,1,1,1]`` or ``[1,1,H,W]``."""
        raise NotImplementedError


def sample(image: torch.Tensor, displacement: torch.Tensor) -> torch.Tensor:
    """``image(y + displacement(y))``, bicubic."""
    return warp(image, displacement, mode="bicubic")


def _motions(
    frames: torch.Tensor, reference: int, face: FaceRegion | None, keep_head: bool, estimator: FlowEstimator
) -> Iterator[tuple[int, Motion]]:
    image = pixels(frames[reference])
    size = image.shape[:2]
    region = (face or face_region(image)) if keep_head else central_region(*size)
    weight = region.weight if keep_head else np.ones(size, dtype=np.float32)
    for index in range(frames.shape[0]):
        if index == reference:
            continue
        second = pixels(frames[index])
        backward = measure(second, image, region, estimator)
        forward = measure(image, second, region, estimator)
        agreed = soft(consistent(backward.flow, forward.flow), _EDGE * max(size) / 256.0)
        yield (
            index,
            Motion(
                frame=frames[index][None],
                backward=field(backward.flow),
                backward_expression=field(backward.expression(weight) if keep_head else backward.flow),
                forward_expression=field(forward.expression(weight) if keep_head else forward.flow),
                face=torch.from_numpy(weight)[None, None],
                agreed=torch.from_numpy(agreed)[None, None],
            ),
        )
