"""How the driver's landmarks are carried to the source: as they are, or as a displacement from the onset.

The published code draws the driver's landmarks as they are, which gives the source the driver's face shape. The
displacement is this project's addition: source landmarks plus the driver's motion, turned and scaled by the similarity
between the two neutral faces' eye lines. Results say which was used.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mebench.errors import InputError

Points = NDArray[np.float32]

Eyes = tuple[tuple[int, int], tuple[int, int]]
"""The two corners of each eye among the landmarks."""


def relative(source: Points, driving: Points, reference: Points, eyes: Eyes) -> Points:
    """Landmarks of the source in every driving frame: ``source + R s (driving - reference)``.

    source, reference: ``[N,2]``; driving: ``[T,N,2]``; all in units of the image's side. R, s: see :func:`turned`.
    """
    return np.asarray(source + turned(driving - reference, source, reference, eyes), np.float32)


def turned(displacement: Points, source: Points, reference: Points, eyes: Eyes) -> Points:
    """Displacements ``[T,N,2]`` of the reference face as those of the source: ``R s d``, R the turn from the
    reference's eye line to the source's, s the ratio of their inter-ocular distances.

    Raises :class:`InputError` when the eyes of the reference coincide.
    """
    own, other = _eye_line(source, eyes), _eye_line(reference, eyes)
    if other == 0:
        raise InputError("the two eyes of the reference frame's landmarks lie at one place; check the landmarks.")
    turn = own / other
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.asarray(displacement.astype(np.float64) @ linear.T, np.float32)


def _eye_line(points: Points, eyes: Eyes) -> complex:
    """From the first eye's centre to the second's, as a complex number."""
    first, second = (points[list(corners)].astype(np.float64).mean(0) for corners in eyes)
    return complex(*(second - first))
