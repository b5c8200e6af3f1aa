"""What a backbone answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch


@dataclass(frozen=True)
class BackboneFacts:
    """What is known of a loaded backbone: shown by ``mebench list`` and kept in ``run.json``."""

    name: str
    weights: str
    """Name of the checkpoint, e.g. ``fomm-lite`` or ``vox-adv-cpk``."""
    weights_sha256: str
    resolution: int
    """Side of its output frames in pixels."""
    mode: str
    """``relative`` or ``absolute`` motion, as it was run."""
    trained_on: str
    paper: str
    options: dict[str, Any]


@runtime_checkable
class ScalingBackbone(Protocol):
    """A backbone whose motion can be multiplied inside, before the frame is painted: key points or the like."""

    scales_motion: bool
    """True for one that was loaded so that it can (relative motion)."""

    def drive(
        self, identity: Any, driving: torch.Tensor, reference: torch.Tensor, motion_scale: float = 1.0
    ) -> torch.Tensor:
        """As :meth:`Backbone.drive`, with the motion from the reference multiplied by ``motion_scale``."""
        ...


@runtime_checkable
class Backbone(Protocol):
    """A frozen face animator. Everything that depends on the source alone is computed once, in ``enroll``."""

    facts: BackboneFacts

    def enroll(self, source: torch.Tensor) -> Any:
        """source: float32 ``[3,H,W]`` in [0,1], RGB, any size. Gives what ``drive`` needs of this identity."""
        ...

    def drive(self, identity: Any, driving: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """driving: float32 ``[T,3,H,W]``. reference: float32 ``[3,H,W]``, the onset frame of the driving clip.
        Gives float32 ``[T,3,h,w]`` in [0,1]. The batch size changes no output beyond 1e-5."""
        ...
