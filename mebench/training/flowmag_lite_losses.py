"""What the small magnifier is trained on: exact motion, and the exactly rendered magnified picture."""

from __future__ import annotations

from typing import NamedTuple

import torch

from mebench.magnification.compose import scaled_expression
from mebench.magnification.flowmag_lite_network import Separation

OFF_FACE = 0.1
"""Weight of pixels outside the face."""

MOVING = 3.0
"""Extra weight of the pixels that move most: without it the field shrinks towards zero."""

LEAST_MOTION = 0.15
"""px; about the noise of the measured flow. Errors are relative to the motion, down to this."""

W_HEAD = 1.5
W_IMAGE = 30.0


class Batch(NamedTuple):
    """Training pairs, float32. reference, frame, target: ``[B,3,H,W]`` in [0,1].

    flow, fitted: measured flow and its affine part. expression, head: exact. All ``[B,2,H,W]`` px.
    on_head: ``[B,1,H,W]``, where exact motion is known. on_face: ``[B,1,H,W]``. factor: ``[B]``.
    """

    reference: torch.Tensor
    frame: torch.Tensor
    target: torch.Tensor
    flow: torch.Tensor
    fitted: torch.Tensor
    expression: torch.Tensor
    head: torch.Tensor
    on_head: torch.Tensor
    on_face: torch.Tensor
    factor: torch.Tensor


class Losses(NamedTuple):
    """Weighted terms and their sum, averaged over the batch; expression: relative error of the expression field."""

    total: torch.Tensor
    expression: torch.Tensor
    head: torch.Tensor
    image: torch.Tensor


def lite_losses(separation: Separation, batch: Batch) -> Losses:
    """Errors of both fields, and of the magnified picture.

    Expression: L1 divided by (0.15 px + mean true length in the face), moving pixels weighted up to four times.
    """
    weight = OFF_FACE + (1.0 - OFF_FACE) * batch.on_face
    length = _length(batch.expression) * batch.on_face
    typical = _mean(length, batch.on_face)
    moving = 1.0 + MOVING * length / length.amax(dim=(1, 2, 3), keepdim=True).clamp_min(LEAST_MOTION)
    error = (separation.expression - batch.expression).abs().sum(dim=1, keepdim=True)
    expression = (_mean(error, weight * moving) / (LEAST_MOTION + typical)).mean()
    head_error = (separation.head - batch.head).abs().sum(dim=1, keepdim=True)
    head = W_HEAD * _mean(head_error, weight * batch.on_head).mean()
    whole = separation.expression + separation.head
    picture = scaled_expression(batch.frame, whole, separation.expression, batch.factor, shade=separation.shade)
    image_error = (picture - batch.target).abs().mean(dim=1, keepdim=True)
    image = W_IMAGE * _mean(image_error, weight).mean()
    return Losses(expression + head + image, expression, head, image)


def _length(field: torch.Tensor) -> torch.Tensor:
    length: torch.Tensor = torch.linalg.vector_norm(field, dim=1, keepdim=True)
    return length


def _mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted mean of each item: ``[B,1,H,W]`` to ``[B]``."""
    return (values * weight).sum(dim=(1, 2, 3)) / weight.sum(dim=(1, 2, 3)).clamp_min(1.0)
