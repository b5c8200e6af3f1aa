"""Demagnification by the frame: each generated frame, moved most of the way back."""

from __future__ import annotations

import torch

from mebench.magnification.reduction import Demagnifier, Motion, sample


class FlowFrame(Demagnifier):
    """``h_t(y) = g_t(y + (1 - 1/beta) F(y))`` with factor = 1 / beta.

    Keeps the appearance of the frame, at full strength; an error of the flow is hardly reduced.
    """

    name = "flow-frame"
    usual_flow = "dis-fine"
    """Errs less than dis-steady here (docs/demagnification.md), where an error of the flow is hardly reduced."""

    def reduce(self, reference: torch.Tensor, motion: Motion, factor: torch.Tensor) -> torch.Tensor:
        return sample(motion.frame, (1.0 - factor) * motion.forward_expression)
