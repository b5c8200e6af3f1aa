"""What a magnifier answers."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch

from mebench.errors import ConfigError, InputError
from mebench.motion.region import FaceRegion

Factor = float | torch.Tensor
"""What displacement is multiplied by: a number, or float32 ``[H,W]`` on the grid of the reference frame. A map should be
smooth: it is read where a pixel is, not where it has moved to."""


@runtime_checkable
class Magnifier(Protocol):
    """Scales the motion of a clip relative to one of its frames. Stateless towards the clip.

    One with weights has the attributes ``weights``, their name, and ``weights_sha256``, the hash of their file.
    A magnifier that filters over time has an attribute ``takes_fps = True`` and a further argument ``fps``; call it
    through :func:`magnify`, which passes the frame rate to those that take it.
    """

    name: str
    factors: tuple[float, float]
    """Smallest and largest factor that it can do; most cannot attenuate (smallest 1)."""

    def magnify(
        self, frames: torch.Tensor, factor: Factor, reference: int, face: FaceRegion | None = None
    ) -> torch.Tensor:
        """frames: float32 ``[T,3,H,W]`` in [0,1], RGB. factor: what the displacement from frame ``reference`` is
        multiplied by. face: where the face is in the reference frame; found by landmarks when it is not given.
        Gives frames of the same shape and range; the reference frame comes back unchanged.
        Raises :class:`ConfigError` for a factor out of range and :class:`InputError` for unusable frames."""
        ...


def magnify(
    magnifier: Magnifier,
    frames: torch.Tensor,
    factor: Factor,
    reference: int,
    face: FaceRegion | None = None,
    *,
    fps: float | None = None,
) -> torch.Tensor:
    """``magnifier.magnify(...)``, with the frame rate (frames per second) for a magnifier that filters over time."""
    if getattr(magnifier, "takes_fps", False):
        timed: Any = magnifier
        magnified: torch.Tensor = timed.magnify(frames, factor, reference, face, fps=fps)
        return magnified
    return magnifier.magnify(frames, factor, reference, face)


def hashes(magnifier: Magnifier) -> dict[str, str]:
    """SHA-256 of the files that a magnifier has read, as a run records them: of its own weights and of the flow networks
    that it measures with or adapts through. Those that ship are known by their name."""
    found = {name: getattr(magnifier, name, None) for name in ("weights_sha256", "flow_sha256", "adapt_flow_sha256")}
    return {name: digest for name, digest in found.items() if digest}


def check_request(
    magnifier: Magnifier, frames: torch.Tensor, factor: Factor, reference: int, smallest_side: int = 16
) -> None:
    """Refuse what no magnifier can do: a factor out of range, wrong shapes, a single frame, NaN.

    smallest_side: the least height and width in pixels.
    """
    _check_factor(magnifier, frames, factor)
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
    if not all(torch.isfinite(end) for end in torch.aminmax(frames)):  # both ends are NaN where one value is
        raise InputError("the clip holds NaN or infinite values.")


def nothing_to_do(factor: Factor) -> bool:
    """Whether the factor is 1 (everywhere)."""
    return bool((factor == 1.0).all()) if isinstance(factor, torch.Tensor) else factor == 1.0


def largest(factor: Factor) -> float:
    """The factor, or the largest of a map."""
    return float(factor.max()) if isinstance(factor, torch.Tensor) else factor


def per_pixel(factor: Factor) -> torch.Tensor:
    """The factor as a tensor that multiplies ``[B,C,H,W]``: ``[1,1,1,1]``, or a map as ``[1,1,H,W]``."""
    if isinstance(factor, torch.Tensor):
        return factor.to(torch.float32)[None, None]
    return torch.full((1, 1, 1, 1), factor)


def _check_factor(magnifier: Magnifier, frames: torch.Tensor, factor: Factor) -> None:
    low, high = magnifier.factors
    if isinstance(factor, torch.Tensor):
        if tuple(factor.shape) != tuple(frames.shape[-2:]):
            raise ConfigError(
                f"a map of factors must have the shape of the frames, {list(frames.shape[-2:])}, "
                f"not {list(factor.shape)}."
            )
        # NaN compares false, so it is refused here too.
        bad = ~((factor >= low) & (factor <= high))
        values = [float(value) for value in factor[bad][:1]]
    else:
        values = [] if low <= factor <= high else [factor]
    if values:
        raise ConfigError(f"the magnifier '{magnifier.name}' works for factors {low:g} to {high:g}, not {values[0]:g}.")
