"""Demagnification by the reference: the generated reference frame, moved a fraction of the way."""

from __future__ import annotations

import torch

from mebench.magnification.reduction import Demagnifier, Motion


class FlowReference(Demagnifier):
    """``h_t(y) = g_r(y + B(y) / beta)`` with factor = 1 / beta: an error of the flow is divided by beta too.

    Only the appearance of the reference is used: what appears with the expression (teeth, wrinkles) is lost. Where the
    forward-backward check fails, the reference is shown with the head's motion alone. Around the face the frame stays.
    """

    name = "flow-reference"

    def reduce(self, reference: torch.Tensor, motion: Motion, factor: torch.Tensor) -> torch.Tensor:
        moved = motion.reference_at(reference, factor)
        still = motion.reference_at(reference, 0.0)
        face = motion.agreed * moved + (1.0 - motion.agreed) * still
        return motion.face * face + (1.0 - motion.face) * motion.frame
