"""Demagnification of motion and appearance together: the default."""

from __future__ import annotations

import torch

from mebench.magnification.reduction import Demagnifier, Motion, sample


class FlowBlend(Demagnifier):
    """The reference moved by ``B / beta``, plus ``1/beta`` of what the frame shows beyond the moved reference.

    ``h_t(y) = g_r(y + B(y)/beta) + (1/beta) r(y + (1 - 1/beta) F(y))``, ``r(y) = g_t(y) - g_r(y + B(y))``, factor =
    1/beta. Where the forward-backward check fails, motion cannot be followed: there the frame is blended towards the
    reference with the head's motion alone. Around the face the frame stays.
    """

    name = "flow-blend"

    def reduce(self, reference: torch.Tensor, motion: Motion, factor: torch.Tensor) -> torch.Tensor:
        share = 1.0 - (1.0 - factor) * motion.face
        beyond = motion.frame - motion.reference_at(reference, 1.0)
        moved = motion.reference_at(reference, factor) + share * sample(
            beyond, (1.0 - factor) * motion.forward_expression
        )
        still = motion.reference_at(reference, 0.0)
        faded = still + share * (motion.frame - still)
        return motion.agreed * moved + (1.0 - motion.agreed) * faded
