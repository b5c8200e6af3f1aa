"""Layer-wise infusion: the flow branch's feature maps, scaled to [0,1], gate those of the magnification branch."""

from __future__ import annotations

from typing import Literal

import torch

Norm = Literal["sample", "batch"]
"""``sample``: minimum and maximum over each sample (ours: a prediction does not depend on its batch companions).
``batch``: over the whole batch tensor, as in the published code, which gives NaN for a constant map."""

EPSILON = 1e-6


def attention(features: torch.Tensor, norm: Norm) -> torch.Tensor:
    """Feature maps ``[N,...]`` moved and scaled to [0,1]; gradients flow through."""
    if norm == "batch":
        low, high = features.min(), features.max()
        return (features - low) / (high - low)
    flat = features.flatten(1)
    shape = (-1, *[1] * (features.ndim - 1))
    low, high = flat.amin(dim=1).view(shape), flat.amax(dim=1).view(shape)
    return (features - low) / (high - low + EPSILON)


def latent_difference(
    magnifier: torch.nn.Module,
    first: torch.Tensor,
    second: torch.Tensor,
    amplification: float,
) -> torch.Tensor:
    """The magnified difference of two shape codes ``[N,32,h,w]``: the manipulator's output before it is added.

    magnifier: the manipulator of the learned magnifier with a shape branch alone (Oh et al., ECCV 2018).
    """
    return torch.as_tensor(magnifier(first, second, amplification - 1.0))
