"""Closes the mouth of a face at rest.

Sums of shapes leave a gap of up to 0.02 dm between the lips of some people, which shows as a dark seam. Along the mouth
the lower edge of the upper lip and the upper edge of the lower lip are brought together, each by half of the gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.kit import Kit, Part

CONTACT_DM = 0.004
"""How far the lips press into each other."""

REACH_DM = 0.07
"""Distance from the seam at which the correction has fallen to 1/e."""

RINGS = 8
"""Rings of vertices around the seam, in the skin and in the mouth, that may move."""

EDGE_RINGS = 3
"""Rings that make the edge of a lip."""

CORNER_SHARE = 0.12
"""Share of the mouth's width at each corner over which the correction fades out."""


@dataclass(frozen=True, eq=False)
class Lip:
    """One lip. ids: vertices that may move. columns: for places along the lip, the vertices of its edge there."""

    ids: NDArray[np.int64]
    columns: tuple[NDArray[np.int64], ...]

    def edge(self, shape: NDArray[np.float64], upper: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and y of the edge: the lowest points of the upper, the highest of the lower lip; x increases."""
        x = np.array([shape[column, 0].mean() for column in self.columns])
        y = np.array([(shape[column, 1].min() if upper else shape[column, 1].max()) for column in self.columns])
        order = np.argsort(x)
        return x[order], y[order]


def close_lips(shape: NDArray[np.float64], kit: Kit) -> NDArray[np.float64]:
    """The face ``shape`` (float64 ``[V,3]``, dm) with its lips touching; what already touches stays as it is."""
    lips = _lips(kit)
    upper_x, upper_y = lips[0].edge(shape, upper=True)
    lower_x, lower_y = lips[1].edge(shape, upper=False)
    closed = np.array(shape)
    for lip, direction in zip(lips, (-1.0, 1.0), strict=True):
        x, y = shape[lip.ids, 0], shape[lip.ids, 1]
        above, below = np.interp(x, upper_x, upper_y), np.interp(x, lower_x, lower_y)
        missing = np.maximum(above - below + CONTACT_DM, 0.0)
        along = (x - upper_x[0]) / (upper_x[-1] - upper_x[0])
        fade = np.clip(np.minimum(along, 1.0 - along) / CORNER_SHARE, 0.0, 1.0)
        fade = fade * fade * (3.0 - 2.0 * fade) * np.exp(-np.square((y - (above + below) / 2) / REACH_DM))
        closed[lip.ids, 1] += direction * 0.5 * missing * fade
    return closed


@lru_cache(maxsize=2)
def _lips(kit: Kit) -> tuple[Lip, Lip]:
    """The upper and the lower lip, by the topology of the seam between skin and mouth."""
    skin, mouth = (kit.triangles[kit.part == part] for part in (Part.SKIN, Part.MOUTH_CAVITY))
    around = _neighbours(np.concatenate((skin, mouth)), len(kit.vertices))
    seam = set(np.intersect1d(skin, mouth).tolist())
    right, left = (pick(seam, key=lambda vertex: kit.vertices[vertex, 0]) for pick in (min, max))
    arcs = _components(seam - {right, left}, around)
    upper, lower = sorted(arcs, key=lambda arc: -float(np.mean([kit.vertices[vertex, 1] for vertex in arc])))
    ring = _rings([upper, lower], {right, left}, around)
    on_skin = np.zeros(len(kit.vertices), dtype=bool)
    on_skin[skin.ravel()] = True
    return _lip(kit, upper, ring[0], on_skin), _lip(kit, lower, ring[1], on_skin)


def _lip(kit: Kit, arc: set[int], ring: dict[int, int], on_skin: NDArray[np.bool_]) -> Lip:
    ends = sorted(arc)
    edge = np.array([vertex for vertex, distance in ring.items() if distance <= EDGE_RINGS and on_skin[vertex]])
    nearest = np.abs(kit.vertices[edge, 0][:, None] - kit.vertices[ends, 0][None]).argmin(axis=1)
    columns = tuple(edge[nearest == number] for number in range(len(ends)))
    return Lip(np.array(sorted(ring)), columns)


def _neighbours(triangles: NDArray[np.int32], count: int) -> list[set[int]]:
    around: list[set[int]] = [set() for _ in range(count)]
    for a, b, c in triangles.tolist():
        around[a] |= {b, c}
        around[b] |= {a, c}
        around[c] |= {a, b}
    return around


def _components(vertices: set[int], around: list[set[int]]) -> list[set[int]]:
    left, found = set(vertices), []
    while left:
        part, front = set(), {left.pop()}
        while front:
            part |= front
            front = {next_one for vertex in front for next_one in around[vertex] & left}
            left -= front
        found.append(part)
    return found


def _rings(starts: list[set[int]], blocked: set[int], around: list[set[int]]) -> list[dict[int, int]]:
    """Distance in edges to the nearer of the two arcs, for the vertices that belong to each."""
    ring: list[dict[int, int]] = [dict.fromkeys(start, 0) for start in starts]
    fronts, taken = [set(start) for start in starts], set().union(*starts) | blocked
    for distance in range(1, RINGS + 1):
        grown = [{n for vertex in front for n in around[vertex]} - taken for front in fronts]
        shared = grown[0] & grown[1]
        fronts = [front - shared for front in grown]
        taken |= fronts[0] | fronts[1] | shared
        for own, front in zip(ring, fronts, strict=True):
            own.update(dict.fromkeys(front, distance))
    return ring
