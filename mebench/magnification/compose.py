"""Moves the expression of a frame without touching the head's motion."""

from __future__ import annotations

import torch

from mebench.motion.warp import inverse_displacement, warp


def scaled_expression(
    frame: torch.Tensor,
    whole: torch.Tensor,
    expression: torch.Tensor,
    factor: torch.Tensor,
    *,
    shade: torch.Tensor | None = None,
    mode: str = "bilinear",
    iterations: int = 6,
) -> torch.Tensor:
    """The frame with its expression multiplied: float32 ``[B,3,H,W]``, not clipped.

    whole, expression: motion from the reference to the frame and the part to scale, ``[B,2,H,W]`` pixels on the grid of
    the reference. factor: ``[B]``, or maps ``[B,1,H,W]`` (or of shapes that broadcast to it). shade: ``[B,3,H,W]`` on the same grid, added (factor - 1) times.
    A surface point at p in the reference is at ``q = p + whole`` in the frame and goes to
    ``q + (factor - 1) expression``; so the frame itself is warped, and for factor 1, or without an expression, it comes
    back as it is. Both maps are inverted by fixed-point iteration; gradients pass through the last step alone.
    """
    extra = (factor[:, None, None, None] if factor.ndim == 1 else factor) - 1.0
    with torch.no_grad():
        to_reference = inverse_displacement(whole, iterations)
    shift = extra * warp(expression, to_reference)
    with torch.no_grad():
        to_frame = inverse_displacement(shift, iterations)
    to_frame = -warp(shift, to_frame)
    moved = warp(frame, to_frame, mode=mode)
    if shade is None:
        return moved
    return moved + warp(warp(extra * shade, to_reference), to_frame.detach())
