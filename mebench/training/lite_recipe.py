"""What every small backbone's training does in a step, whatever its network is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from mebench.training.face_layout import face_weight, mean_layout
from mebench.training.face_pairs import Batch, FrameStore, PairSampler
from mebench.training.face_validation import reenactment_errors
from mebench.training.lite_run import LitePreset
from mebench.training.loop import learning_rate

PEAK_RATE = 1e-3
BETAS = (0.5, 0.999)
"""Adam as in FOMM's published recipe, with a higher rate for a smaller network."""

CLIP_NORM = 10.0

FREEZE_STATISTICS = 0.6
"""From this part of the run on, batch norm uses its running statistics, so that the end of the training sees exactly
the network that is shipped; the statistics of small batches would blur sub-pixel motion."""

VALIDATION_BATCH = 16


class MotionRecipe:
    """Implements :class:`mebench.training.loop.Recipe` for a network that gives a displacement and a prediction."""

    def __init__(self, store: FrameStore, preset: LitePreset, build: Callable[[Any], torch.nn.Module]) -> None:
        """The last ``preset.held_out`` identities of the store are kept for validation. build: the network from
        ``preset.network``, called after seeding."""
        torch.manual_seed(preset.seed)
        identities = np.arange(store.identities)
        self.train_pairs = PairSampler(store, identities[: -preset.held_out], preset.seed, preset.batch)
        self.held_out = PairSampler(store, identities[-preset.held_out :], preset.seed, VALIDATION_BATCH)
        self.network = build(preset.network)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=PEAK_RATE, betas=BETAS)
        self.layout = mean_layout(store, identities[: -preset.held_out])
        self.weight = face_weight(self.layout)

    def losses(self, batch: Batch) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        """The weighted terms, the displacement ``[B,2,S,S]`` in pixels and the prediction ``[B,3,S,S]``."""
        raise NotImplementedError

    def step(self, index: int, progress: float) -> dict[str, float]:
        """One batch; gives the terms and the norm of the gradient."""
        self.network.train()
        if progress >= FREEZE_STATISTICS:
            _freeze_statistics(self.network)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, PEAK_RATE)
        terms = self.losses(self.train_pairs.draw(index))[0]
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(torch.stack(list(terms.values())).sum())
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimizer.step()
        return {name: term.item() for name, term in terms.items()} | {"gradient": norm.item()}

    def validate(self) -> dict[str, float]:
        """See :func:`~mebench.training.face_validation.reenactment_errors`."""
        self.network.eval()
        return reenactment_errors(self.held_out.reenactments(), lambda batch: self.losses(batch)[1:], self.weight)


def _freeze_statistics(network: torch.nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
