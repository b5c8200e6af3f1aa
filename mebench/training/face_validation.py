"""How well a small backbone moves held-out people while it is trained: without any flow estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

from mebench.training.face_pairs import Batch
from mebench.training.motion_losses import sample_pixels

Reenact = Callable[[Batch], tuple[torch.Tensor, torch.Tensor]]
"""A batch to the displacement ``[B,2,S,S]`` in pixels of the small image and the prediction ``[B,3,S,S]``."""


@torch.no_grad()
def reenactment_errors(batches: Iterable[Batch], reenact: Reenact, weight: torch.Tensor) -> dict[str, float]:
    """Reenactment of held-out identities from the first frame of their clips: error of the motion field over that of
    no motion inside the face (``ratio``), its least-squares gain, and the image error over that of copying the source
    (``copy_ratio``).

    weight: ``[1,1,S,S]``, see :func:`mebench.training.face_layout.face_weight`; the face is where it is above half of
    its peak.
    """
    error = still = along = square = image = copy = 0.0
    for batch in batches:
        displacement, prediction = reenact(batch)
        inside = sample_pixels(weight, batch.motion.where)[0, 0] > 0.5 * float(weight.max())
        truth = batch.motion.displacement.movedim(-1, 1)[..., inside]
        ours = sample_pixels(displacement, batch.motion.where)[..., inside]
        error += float((ours - truth).norm(dim=1).sum())
        still += float(truth.norm(dim=1).sum())
        along += float((ours * truth).sum())
        square += float(truth.square().sum())
        image += float((prediction - batch.driving).abs().sum())
        copy += float((batch.source - batch.driving).abs().sum())
    return {"ratio": error / still, "gain": along / square, "copy_ratio": image / copy}
