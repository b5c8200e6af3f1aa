"""The 68 facial points (iBUG order) and the lid loops as vertices of MakeHuman's ``base.obj``.

Points 0-16 follow the jaw from the subject's right ear (fixed points of the skin, not the image contour), 17-26 the
brows, 27-35 the nose, 36-47 the eyes, 48-59 the outer and 60-67 the inner lips; the set is mirror symmetric.
Order: Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV workshops 2013.
"""

from __future__ import annotations

BASE_LANDMARKS: tuple[int, ...] = (
    5566, 5750, 5238, 912, 895, 893, 891, 921, 5225, 7623, 7593, 7595, 7597, 7614, 11847, 12347, 12163,
    5262, 225, 204, 180, 209, 6984, 6956, 6979, 6999,
    11870, 133, 5063, 291, 297, 358, 359, 343, 7120, 7119,
    1090, 1081, 1099, 1104, 1096, 1094, 7796, 7791, 7773, 7782, 7786, 7788,
    425, 447, 456, 455, 7215, 7207, 7185, 7130, 7241, 492, 486, 370,
    433, 5362, 468, 11964, 7193, 7237, 494, 482,
)  # fmt: skip
"""Vertex of ``base.obj`` for each of the 68 points."""

BASE_LEFT_LID: tuple[int, ...] = (*range(7773, 7799), 11718, 11719)
"""The 28 vertices of the left eye's lid edge, shared by skin and eye cavity, in no order."""

MIRRORED: tuple[int, ...] = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31), 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,
    64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
"""The point that each point becomes in a mirrored face."""
