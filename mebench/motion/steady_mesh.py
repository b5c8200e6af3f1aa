"""The face mesh as a mean over several cuts of the same picture: steadier and more faithful than one cut.

One cut's points depend on where its sampling grid falls. Averaged over six, the displacement of the mesh between two
frames of an ordinary expression errs by a tenth less; the rest is the network's own (it shrinks expressions).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.motion.landmarks import LOWEST_PRESENCE, POINTS, Cut, face_mesh, points_in_cut

CUTS = (
    (0.0, 0.0, 1.0, 0.0),
    (0.045, 0.02, 1.08, 0.11),
    (-0.045, 0.035, 0.95, -0.12),
    (0.03, -0.05, 1.12, -0.06),
    (-0.03, -0.04, 1.05, 0.06),
    (0.01, 0.055, 0.98, 0.03),
)
"""Shift in x and y (parts of the side), scale, and turn (rad) of each cut against the standard one."""


def cuts_around(cut: Cut) -> tuple[Cut, ...]:
    """The cuts that are averaged."""
    x, y = cut.centre
    return tuple(
        Cut((x + across * cut.side, y + down * cut.side), cut.side * scale, cut.angle + turn)
        for across, down, scale, turn in CUTS
    )


def reference_cut(image: Pixels, name: str) -> Cut:
    """The standard cut around the largest face of uint8 ``[H,W,3]``; :class:`InputError` names the picture if there is
    none."""
    return face_mesh(image, name).cut


def steady_points(frames: Pixels, cut: Cut, name: str = "the clip") -> NDArray[np.float32]:
    """The mesh in every frame uint8 ``[T,H,W,3]`` around one cut: float32 ``[T,468,2]``, pixels.

    Raises :class:`InputError` naming the frame in which the face is lost.
    """
    around = cuts_around(cut)
    found = np.empty((len(frames), POINTS, 2), np.float32)
    for index, frame in enumerate(frames):
        seen = [points_in_cut(frame, each) for each in around]
        if np.mean([presence for _, presence in seen]) < LOWEST_PRESENCE:
            raise InputError(f"the face is lost in frame {index} of {name}; give a clip with the face in full view.")
        found[index] = np.mean([points for points, _ in seen], axis=0)
    return found
