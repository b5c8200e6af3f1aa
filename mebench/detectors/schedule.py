"""How a detector's network is trained: optimiser, length, augmentation, what is done about rare action units."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

MOST_POSITIVE_WEIGHT = 20.0
"""A positive label counts at most this often."""


@dataclass(frozen=True)
class Schedule:
    """The published recipe by default: Adam, weight decay 1e-3, batches of 32, nothing else; the last epoch counts.

    decay: factor on the rate after each epoch. cosine: half a cosine to 1 % over all epochs instead.
    special_rates: (prefix of parameter names, rate, epoch from which it is a tenth).
    mirror: half of the samples are mirrored. shift: they are moved by up to that many pixels of the input.
    amplitude: standard deviation of the logarithm of a random factor on the input (for fixed scaling alone).
    positive_weight: positives of an action unit weigh negatives / positives, at most 20, from the training clips.
    """

    epochs: int
    rate: float
    batch: int = 32
    weight_decay: float = 1e-3
    decay: float = 1.0
    cosine: bool = False
    special_rates: tuple[tuple[str, float, int], ...] = ()
    mirror: bool = False
    shift: int = 0
    amplitude: float = 0.0
    positive_weight: bool = False

    def optimizer(self, network: nn.Module) -> torch.optim.Optimizer:
        """Adam with the special parameters in groups of their own."""
        groups = []
        left = dict(network.named_parameters())
        for prefix, rate, _ in self.special_rates:
            chosen = [left.pop(name) for name in list(left) if name.startswith(prefix)]
            groups.append({"params": chosen, "lr": rate})
        groups.insert(0, {"params": list(left.values()), "lr": self.rate})
        return torch.optim.Adam(groups, weight_decay=self.weight_decay)

    def set_rates(self, optimizer: torch.optim.Optimizer, epoch: int) -> None:
        """The rates of epoch ``epoch``, from 0."""
        factor = self.decay**epoch
        if self.cosine:
            factor = 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * epoch / self.epochs))
        optimizer.param_groups[0]["lr"] = self.rate * factor
        for group, (_, rate, drop) in zip(optimizer.param_groups[1:], self.special_rates, strict=True):
            group["lr"] = rate * (0.1 if epoch >= drop else 1.0)


def positive_weights(present: torch.Tensor) -> torch.Tensor:
    """Negatives / positives of each column of float ``[N,K]``, at most :data:`MOST_POSITIVE_WEIGHT`: ``[K]``."""
    positives = present.sum(dim=0)
    return ((len(present) - positives) / positives.clamp(min=1.0)).clamp(max=MOST_POSITIVE_WEIGHT)
