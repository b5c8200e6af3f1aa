"""The outline of no one in particular, on which motion is drawn where a face may not be shown: the same for everybody."""

from __future__ import annotations

GRID = 16
"""Cells along a side of a motion rendering. 16 x 16 mean displacements a frame show which part of a face moves, and are
far too few to draw a face from; flow at full resolution is not."""

FACE = (0.5, 0.52, 0.31, 0.42)
"""Centre and half axes of the face, as shares of the picture's side, in the framing of the open set."""

_EYES = (0.379, 0.621)

OUTLINE: tuple[tuple[float, float, float, float, int, int], ...] = (
    (*FACE, 0, 360),
    *((eye, 0.436, 0.055, 0.022, 0, 360) for eye in _EYES),
    *((eye, 0.40, 0.075, 0.045, 200, 340) for eye in _EYES),
    (0.5, 0.56, 0.04, 0.02, 20, 160),
    (0.5, 0.70, 0.10, 0.03, 0, 360),
)
"""Arcs of ellipses: centre, half axes (shares of the side), first and last angle (degrees, clockwise from the right)."""


def _inside(row: int, column: int) -> bool:
    x, y, across, down = FACE
    return (((column + 0.5) / GRID - x) / across) ** 2 + (((row + 0.5) / GRID - y) / down) ** 2 <= 1.0


CELLS = tuple((row, column) for row in range(GRID) for column in range(GRID) if _inside(row, column))
"""Row and column of the cells whose centre lies on the face, in reading order."""
