"""The face mesh of a source and its displacement in a driving clip, for the layout that mebench can detect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.motion.follow import follow_points
from mebench.motion.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, Cut
from mebench.motion.steady_mesh import reference_cut, steady_points

EYES = (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS)
"""The two corners of each eye."""


@dataclass(frozen=True)
class MeshReference:
    """A frame whose face was found. image: uint8 ``[S,S,3]``. points: float32 ``[468,2]``, pixels."""

    image: Pixels
    cut: Cut
    points: NDArray[np.float32]

    @classmethod
    def find(cls, image: Pixels, name: str) -> MeshReference:
        """Raises :class:`~mebench.errors.InputError`, naming the picture, when there is no face in full view."""
        cut = reference_cut(image, name)
        return cls(image, cut, steady_points(image[None], cut, name)[0])

    def displacement(self, frames: Pixels, tracker: str) -> NDArray[np.float32]:
        """How far the landmarks moved in frames uint8 ``[T,S,S,3]``: float32 ``[T,468,2]``, pixels.

        tracker: ``follow`` matches each frame against this one around every landmark; ``mesh`` detects every frame.
        """
        if tracker == "follow":
            return follow_points(self.image, frames, self.points)
        return np.asarray(steady_points(frames, self.cut, "the driving clip") - self.points, np.float32)


def pixels(frames: torch.Tensor) -> Pixels:
    """float ``[...,3,H,W]`` in [0,1] to uint8 ``[...,H,W,3]``."""
    made: Pixels = (frames * 255).round().to(torch.uint8).movedim(-3, -1).contiguous().cpu().numpy()
    return made
