"""What every frozen animator of this folder does alike: checks of its input, and driving in batches."""

from __future__ import annotations

import torch

from mebench.errors import GenerationError, InputError


def require_frames(frames: torch.Tensor, what: str, *, dimensions: int) -> torch.Tensor:
    """The same tensor as float32; :class:`InputError` unless it is finite RGB in [0,1] of the right shape.

    dimensions: 3 for one image ``[3,H,W]``, 4 for a clip ``[T,3,H,W]``.
    """
    if frames.ndim != dimensions or frames.shape[-3] != 3 or min(frames.shape) < 1:
        wanted = "[3,H,W]" if dimensions == 3 else "[T,3,H,W]"
        raise InputError(f"the {what} must be an RGB tensor {wanted}, and is {list(frames.shape)}.")
    if not torch.isfinite(frames).all():
        raise InputError(f"the {what} holds values that are not finite; check how it was decoded or magnified.")
    if frames.min() < -1e-3 or frames.max() > 1 + 1e-3:
        raise InputError(
            f"the {what} must lie in [0,1], and spans {float(frames.min()):.3g} to {float(frames.max()):.3g}."
        )
    return frames.float()


def require_finite(frames: torch.Tensor, name: str) -> torch.Tensor:
    """The same frames; :class:`GenerationError` when the network gave NaN or infinite values."""
    if not torch.isfinite(frames).all():
        raise GenerationError(f"the backbone {name} gave values that are not finite; its weights may be damaged.")
    return frames
