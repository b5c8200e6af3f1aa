"""How a detector's network is trained: optimiser, length, augmentation, what is done about rare action units."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from mebench.errors import ConfigError

Imbalance = Literal["none", "positive-weight", "asymmetric", "balanced-sampling"]
"""What is done about rare action units. ``none``: nothing, as published. ``positive-weight``: positives of an action unit
weigh negatives / positives, at most 20. ``asymmetric``: :func:`asymmetric_loss`. ``balanced-sampling``: clips are drawn
with replacement, each as often as its rarest action unit is rare. All from the training clips alone."""

MOST_POSITIVE_WEIGHT = 20.0
"""A positive label counts at most this often."""

FOCUS, MARGIN = 4.0, 0.05
"""Of the asymmetric loss: exponent on easy negatives, and the probability below which a negative costs nothing; the
values of its paper."""


@dataclass(frozen=True)
class Schedule:
    """The published recipe by default: Adam, weight decay 1e-3, batches of 32, nothing else; the last epoch counts.

    decay: factor on the rate after each epoch. cosine: half a cosine to 1 % over all epochs instead.
    special_rates: (prefix of parameter names, rate, epoch from which it is a tenth).
    mirror: half of the samples are mirrored. shift: they are moved by up to that many pixels of the input.
    amplitude: standard deviation of the logarithm of a random factor on the input (for fixed scaling alone).
    imbalance: see :data:`Imbalance`.
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
    imbalance: Imbalance = "none"

    def shortened(self, epochs: int, rate: float) -> Schedule:
        """The same for ``epochs`` epochs from the rate ``rate`` down half a cosine: for tables that say so."""
        return replace(self, epochs=epochs, rate=rate, cosine=True, decay=1.0)

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


def order(present: NDArray[np.bool_], imbalance: Imbalance, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which clips one epoch shows, in order, from labels bool ``[N,K]``: int64 ``[N]``."""
    if imbalance != "balanced-sampling":
        return rng.permutation(len(present))
    rarity = 1.0 / np.maximum(present.sum(axis=0), 1)
    weight = np.maximum(np.where(present, rarity, 0.0).max(axis=1), 1.0 / len(present))
    return rng.choice(len(present), size=len(present), p=weight / weight.sum())


def check_imbalance(name: str) -> None:
    """Raise :class:`ConfigError` for a treatment that does not exist."""
    if name not in get_args(Imbalance):
        raise ConfigError(f"there is no treatment of imbalance '{name}'; known: {', '.join(get_args(Imbalance))}.")


class Loss:
    """The mean over a batch of binary cross-entropy, or what :data:`Imbalance` puts in its place."""

    def __init__(self, imbalance: Imbalance, present: torch.Tensor, device: torch.device) -> None:
        """present: labels of all training clips, float ``[N,K]``."""
        check_imbalance(imbalance)
        self._asymmetric = imbalance == "asymmetric"
        self._weight = positive_weights(present).to(device) if imbalance == "positive-weight" else None

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """logits, target: float ``[N,K]``."""
        if self._asymmetric:
            return asymmetric_loss(logits, target)
        return functional.binary_cross_entropy_with_logits(logits, target, pos_weight=self._weight)


def asymmetric_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """``-log p`` for positives, ``-q^4 log(1 - q)`` with ``q = max(p - 0.05, 0)`` for negatives; the mean.

    Ridnik et al., "Asymmetric Loss for Multi-Label Classification", ICCV 2021 (positives not focused).
    """
    shifted = (torch.sigmoid(logits) - MARGIN).clamp(min=0.0)
    negative = shifted**FOCUS * -torch.log1p(-shifted)
    return torch.where(target > 0.5, -functional.logsigmoid(logits), negative).mean()


def positive_weights(present: torch.Tensor) -> torch.Tensor:
    """Negatives / positives of each column of float ``[N,K]``, at most :data:`MOST_POSITIVE_WEIGHT`: ``[K]``."""
    positives = present.sum(dim=0)
    return ((len(present) - positives) / positives.clamp(min=1.0)).clamp(max=MOST_POSITIVE_WEIGHT)
