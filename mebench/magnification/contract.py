"""What a magnifier answers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch

from mebench.errors import ConfigError, InputError
from mebench.motion.region import FaceRegion


@runtime_checkable
class Magnifier(Protocol):
    """Scales the motion of a clip relative to one of its frames. Stateless towards the clip."""

    name: str
    factors: tuple[float, float]
    """Smallest and largest factor that it can do; most cannot attenuate (smallest 1)."""

    def magnify(
        self, frames: torch.Tensor, factor: float, reference: int, face: FaceRegion | None = None
    ) -> torch.Tensor:
        """frames: float32 ``[T,3,H,W]`` in [0,1], RGB. factor: what the displacement from frame ``reference`` is
        multiplied by. face: where the face is in the reference frame; found by landmarks when it is not given.
        Gives frames of the same shape and range; the reference frame comes back unchanged.
        Raises :class:`ConfigError` for a factor out of range and :class:`InputError` for unusable frames."""
        ...


def check_request(
    magnifier: Magnifier, frames: torch.Tensor, factor: float, reference: int, smallest_side: int = 16
) -> None:
    """Refuse what no magnifier can do: a factor out of range, wrong shapes, a single frame, NaN.

    smallest_side: the least height and width in pixels.
    """
    low, high = magnifier.factors
    if not low <= factor <= high:
        raise ConfigError(f"the magnifier '{magnifier.name}' works for factors {low:g} to {high:g}, not {factor:g}.")
    if frames.ndim != 4 or frames.shape[1] != 3:
        raise InputError(f"frames must have the shape [T,3,H,W], not {list(frames.shape)}.")
    if frames.shape[0] < 2:
        raise InputError("a clip of one frame has no motion to scale; give at least two frames.")
    if min(frames.shape[-2:]) < smallest_side:
        raise InputError(
            f"frames must be at least {smallest_side} pixels high and wide, not {list(frames.shape[-2:])}."
        )
    if not 0 <= reference < frames.shape[0]:
        raise InputError(f"the reference frame {reference} lies outside the clip of {frames.shape[0]} frames.")
    if not bool(torch.isfinite(frames).all()):
        raise InputError("the clip holds NaN or infinite values.")
