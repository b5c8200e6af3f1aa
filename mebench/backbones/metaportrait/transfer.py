"""How the driver's landmarks are carried to the source: as they are, or as a displacement from the onset.

The published code draws the driver's landmarks as they are, which gives the source the driver's face shape. The
displacement is this project's addition: source landmarks plus the driver's motion, turned and scaled by the similarity
between the two neutral faces' eye lines. Results say which was used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]


def relative(
    source: Points, driving: Points, reference: Points, eyes: tuple[tuple[int, int], tuple[int, int]]
) -> Points:
    """Landmarks of the source in every driving frame.

    source, reference: ``[N,2]``; driving: ``[T,N,2]``; all in units of the image's side. eyes: the two corners of each
    eye among the N points. Gives ``source + R s (driving - reference)``, s the ratio of the inter-ocular distances and R
    the turn between the eye lines.
    """
    own, other = _eye_line(source, eyes), _eye_line(reference, eyes)
    # One complex number is the rotation and scale from one eye line to the other.
    turn = complex(*own) / complex(*other)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    moved = (driving - reference).astype(np.float64) @ linear.T
    return np.asarray(source + moved, np.float32)


def _eye_line(points: Points, eyes: tuple[tuple[int, int], tuple[int, int]]) -> tuple[float, float]:
    first, second = (points[list(corners)].astype(np.float64).mean(0) for corners in eyes)
    x, y = second - first
    return float(x), float(y)
