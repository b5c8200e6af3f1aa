"""FlowMag's training loss: the flow of the prediction should be the factor times the flow of the source pair.

Z. Pan, D. Geng, A. Owens, "Self-Supervised Motion Magnification by Backpropagating Through Optical Flow", NeurIPS
2023, arXiv 2311.17056, eq. 2-4.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from mebench.motion.flow_networks import FlowNetwork
from mebench.motion.pwclite import Flows, PwcLite
from mebench.motion.warp import warp


class FlowMagTerms(NamedTuple):
    """total = w_mag magnification + w_colour colour; the flows from the reference and both frames warped back to it."""

    total: torch.Tensor
    magnification: torch.Tensor
    colour: torch.Tensor
    flow_predicted: torch.Tensor
    flow_source: torch.Tensor
    predicted_warped: torch.Tensor
    source_warped: torch.Tensor


def pwclite_flow(network: PwcLite) -> FlowNetwork:
    """The finest flow of a two-frame PWCLite. Its parameters are frozen; gradients still reach the images."""
    network.requires_grad_(False)

    def flow(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        flows: Flows = network(torch.cat((first, second), dim=1))
        return flows.forward[0]

    return flow


def flowmag_loss(
    flow_network: FlowNetwork,
    reference: torch.Tensor,
    source: torch.Tensor,
    predicted: torch.Tensor,
    alpha: torch.Tensor,
    *,
    w_mag: float = 1.0,
    w_colour: float = 10.0,
) -> FlowMagTerms:
    """reference, source, predicted: float32 ``[B,3,H,W]`` in [0,1]. alpha: ``[B]``, or a map ``[B,H,W]``.

    Magnification: mean absolute difference of ``F(reference, predicted)`` and ``alpha F(reference, source)``. Colour:
    mean absolute difference of both frames warped back to the reference (bilinear, reflection at the border); gradients
    pass through the flow too.
    """
    flow_source = flow_network(reference, source)
    flow_predicted = flow_network(reference, predicted)
    factor = alpha[:, None, None, None] if alpha.ndim == 1 else alpha[:, None]
    magnification = (flow_predicted - factor * flow_source).abs().mean()
    predicted_warped = warp(predicted, flow_predicted, padding="reflection")
    source_warped = warp(source, flow_source, padding="reflection")
    colour = (predicted_warped - source_warped).abs().mean()
    return FlowMagTerms(
        w_mag * magnification + w_colour * colour,
        magnification,
        colour,
        flow_predicted,
        flow_source,
        predicted_warped,
        source_warped,
    )
