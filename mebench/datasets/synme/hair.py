"""Hair as geometry: layered sheets that start at a whorl or a parting, follow the skull, and fall.

Each sheet is a grid of strands (columns) times length (rows) with a strand texture; several sheets above each other make
the volume. Hair is rigid with the head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.appearance import Appearance
from mebench.datasets.synme.draws import Draws
from mebench.datasets.synme.hair_map import CENTRE, Hull, hairline, hull
from mebench.datasets.synme.texture import smoothstep
from mebench.datasets.synme.texture_noise import field
from mebench.datasets.synme.texture_strands import COLUMNS, ROWS, Strands, strands

Floats = NDArray[np.float32]
Angles = NDArray[np.float64]


@dataclass(frozen=True)
class Style:
    """A way to wear hair.

    part: azimuth of the parting's front end (rad, positive = subject's left), or None for a whorl at the crown from
    which hair falls to all sides. volume: lift over the skull on top, dm. sides: share of it at the sides.
    cover: hair in each layer, inner first. front: how far hair of a whorl reaches below the hairline, rad.
    back: azimuth at which the foremost strand of a parting ends (small: over the temple, large: combed back).
    fall: height (dm) down to which hair hangs beside and behind the face, or None for hair that ends at the hairline.
    ears: whether hanging hair covers them. curl: waviness in texels. ragged: unequal ends. inward: turn of the ends, dm.
    """

    part: float | None
    volume: float
    sides: float
    cover: tuple[float, ...]
    front: float = 0.0
    back: float = 1.2
    fall: float | None = None
    ears: bool = False
    curl: float = 0.0
    ragged: float = 0.5
    inward: float = 0.0


STYLES: dict[str, Style] = {
    "buzz": Style(None, 0.035, 0.5, (0.70, 0.50), ragged=0.25),
    "short": Style(None, 0.17, 0.32, (0.97, 0.88, 0.78, 0.60), ragged=0.6),
    "side": Style(0.50, 0.20, 0.35, (0.97, 0.88, 0.72, 0.50), back=1.25, ragged=0.4),
    "swept": Style(0.10, 0.26, 0.28, (0.97, 0.88, 0.72, 0.50), back=1.75, ragged=0.4),
    "pixie": Style(None, 0.17, 0.65, (0.97, 0.86, 0.72, 0.50), front=0.14, ragged=0.9),
    "tied": Style(0.05, 0.11, 0.7, (0.98, 0.85, 0.60), back=1.75, ragged=0.15),
    "long": Style(0.15, 0.15, 1.0, (0.98, 0.88, 0.74, 0.55), back=1.12, fall=5.5, ragged=0.4),
    "bob": Style(0.30, 0.17, 1.0, (0.98, 0.88, 0.74, 0.55), back=1.12, fall=6.35, ears=True, ragged=0.25, inward=0.12),
    "fringe": Style(None, 0.15, 1.0, (0.98, 0.88, 0.74, 0.55), front=0.36, fall=5.9, ears=True, ragged=0.4),
}
"""Styles by name; ``style_of`` varies them from person to person. "bald" has no hair geometry."""

CROWN = 0.50
"""Angle of the whorl behind the top of the head, rad."""

HANGS_FROM = 1.0
"""Azimuth of the foremost hanging strand: beside the face, not in front of it."""


@dataclass(frozen=True)
class Hair:
    """Hair of a person at rest.

    vertices: float32 ``[H,3]``, dm. triangles: int32 ``[G,3]``, outermost layer first. texels: float32 ``[G,3,2]`` into
    ``strands``. tangents: float32 ``[H,3]``, along the strand. tint: float32 ``[H,3]``, reflectance.
    """

    vertices: Floats
    triangles: NDArray[np.int32]
    texels: Floats
    tangents: Floats
    tint: Floats
    strands: Strands


def style_of(look: Appearance) -> Style | None:
    """The person's variant of their style, or None without hair."""
    if look.style == "bald":
        return None
    style, draws = STYLES[look.style], Draws("hair", look.key)
    side = 1.0 if draws.chance(0.5) else -1.0
    return replace(
        style,
        part=None if style.part is None else side * max(style.part + draws.normal(0.0, 0.10), 0.0),
        volume=style.volume * draws.uniform(0.75, 1.3),
        front=style.front * draws.uniform(0.55, 1.15),
        fall=None if style.fall is None else style.fall + draws.uniform(-0.25, 0.25),
        ears=style.ears or draws.chance(0.5),
        curl=draws.uniform(1.5, 5.0) if draws.chance(0.35) else 0.0,
    )


def grow(look: Appearance, rest: Floats) -> Hair | None:
    """Hair for a person. rest: float32 ``[V,3]``, the neutral mesh; None without hair."""
    style = style_of(look)
    if style is None:
        return None
    head = hull(rest)
    sheets = []
    for layer in reversed(range(len(style.cover))):
        for first, last in _spans(style):
            sheets.append(_sheet(style, head, look, layer, first, last))
    return _joined(sheets, strands(look.key + 400, style.cover, style.ragged, style.curl))


Grid = tuple[Floats, Floats, Floats, int, float, float]


def _spans(style: Style) -> tuple[tuple[float, float], ...]:
    """Sheets of a layer: both sides of a parting, or one ring around the whorl (its seam lies at the back)."""
    return ((-np.pi, np.pi),) if style.part is None else ((0.0, 1.0), (0.0, -1.0))


def _sheet(style: Style, head: Hull, look: Appearance, layer: int, first: float, last: float) -> Grid:
    """One sheet: places [C,R,3], position along the strand [R], tint [C,R,3], layer, and its u interval."""
    whole = style.part is None
    columns, rows = (97 if whole else 61), 17
    across = np.linspace(first, last, columns)[:, None]
    t = np.linspace(0.0, 1.0, rows)[None, :]
    x, z = _from_whorl(style, across, t) if style.part is None else _from_parting(style, np.abs(across), last, t)
    around, angle = np.arctan2(x, z).astype(np.float32), np.hypot(x, z).astype(np.float32)
    share = 0.66 + 0.34 * (layer + 1.0) / len(style.cover)
    lift = share * _volume(style, look, around, angle, t.astype(np.float32)) + 0.006
    places, along = head.at(around, angle, lift), t.astype(np.float32)
    if style.fall is not None:
        places, along = _hang(style, places, share)
    tint = np.broadcast_to(
        np.asarray(look.hair, np.float32) * np.float32(0.55 + 0.45 * (layer + 1.0) / len(style.cover)), places.shape
    )
    start = 0.5 if last == -1.0 else 0.0
    return places, along.ravel(), tint, layer, start, start + (1.0 if whole else 0.5)


def _from_whorl(style: Style, azimuth: Angles, t: Angles) -> tuple[Angles, Angles]:
    """Map places [C,R] of strands that leave the crown to all sides and end at the hairline, or below it in front."""
    end = hairline(azimuth) + style.front * smoothstep(0.95, 0.60, np.abs(azimuth))
    return t * end * np.sin(azimuth), -CROWN * (1 - t) + t * end * np.cos(azimuth)


def _from_parting(style: Style, s: Angles, side: float, t: Angles) -> tuple[Angles, Angles]:
    """Map places [C,R] of the strands on one side (+1 left, -1 right) of a parting.

    ``s`` in [0,1] runs along the roots: up the front hairline from the temple to the parting, then along the parting
    to behind the crown. The ends run along the hairline from ``style.back`` to the nape.
    """
    part = 0.0 if style.part is None else side * style.part  # measured towards this side
    turn = 0.42
    front, line = np.minimum(s / turn, 1.0), np.maximum((s - turn) / (1 - turn), 0.0)
    azimuth = 1.02 + (part - 1.02) * front**0.85
    root = hairline(azimuth) - 0.015
    root_x, root_z = root * np.sin(azimuth), root * np.cos(azimuth)
    root_x, root_z = root_x * (1 - line), root_z * (1 - line) - CROWN * line
    goal = style.back + (np.pi - style.back) * s**1.15
    end = hairline(goal)
    end_x, end_z = end * np.sin(goal), end * np.cos(goal)
    # Hair leaves the forehead backwards before it turns to the side, in a bow over the top.
    bow = np.sin(np.pi * t) * (1 - line)
    x = root_x + (end_x - root_x) * t - 0.12 * bow * (1 - front)
    z = root_z + (end_z - root_z) * t - 0.10 * bow
    scale = np.minimum(1.0, (hairline(np.arctan2(x, z)) - 0.012) / np.maximum(np.hypot(x, z), 1e-6))
    return side * x * scale, z * scale


def _volume(style: Style, look: Appearance, around: Floats, angle: Floats, t: Floats) -> Floats:
    """Lift over the skull in dm: full on top, less at the sides, little at the hairline, in soft clumps."""
    amount = style.volume * (style.sides + (1 - style.sides) * smoothstep(1.55, 0.75, angle))
    room = hairline(around) + max(style.front, 0.0) * smoothstep(0.95, 0.60, np.abs(around)) - angle
    edge = smoothstep(-0.04, 0.20, room)
    if style.part is not None:
        edge = np.maximum(edge, smoothstep(0.5, 0.9, t) * (style.fall is not None))
        edge = edge * smoothstep(-0.02, 0.30, t)
    elif style.fall is not None:
        edge = np.maximum(edge, smoothstep(0.75, 1.1, np.abs(around)))
    clumps = np.clip(field(look.key + 300, *amount.shape, (6.0, 5.0)), -2, 2)
    amount = amount * (0.22 + 0.78 * edge) * (1 + 0.15 * clumps)
    if style.ears and style.fall is not None:
        amount = amount + 0.20 * np.exp(-np.square((np.abs(around) - 1.5) / 0.45)) * smoothstep(1.15, 1.7, angle)
    return np.asarray(amount, np.float32)


def _hang(style: Style, places: Floats, share: float) -> tuple[Floats, Floats]:
    """Add the rows that hang below the hairline: [C,R',3] and the position along the strand [1,R']."""
    assert style.fall is not None
    start = places[:, -1]
    drop = np.linspace(0.0, 1.0, 13).astype(np.float32)[1:]
    outward = np.stack([start[:, 0], start[:, 2] - 0.1], axis=1)
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    around = np.abs(np.arctan2(start[:, 0], start[:, 2] - CENTRE[2]))
    # In front hair does not hang: those strands end at the hairline.
    free = smoothstep(HANGS_FROM - 0.12, HANGS_FROM + 0.04, around)
    bottom = start[:, 1] + (style.fall + 0.10 * (1 - share) - start[:, 1]) * free
    y = start[:, 1, None] + (bottom - start[:, 1])[:, None] * drop
    swing = 0.10 * np.sin(np.pi * np.minimum(drop * 1.2, 1.0)) - style.inward * smoothstep(0.55, 1.0, drop)
    extra = np.broadcast_to((swing + 0.06 * drop)[None, :], y.shape)
    if style.ears:
        beside = np.exp(-np.square((around - 1.5) / 0.5))[:, None]
        extra = extra + beside * 0.10 * np.exp(-np.square((y - 7.15) / 0.3))
    extra = (extra * free[:, None]).astype(np.float32)
    hanging = [start[:, 0, None] + outward[:, :1] * extra, y, start[:, 2, None] + outward[:, 1:] * extra]
    on_skull = 0.45
    skull = np.linspace(0.0, on_skull, places.shape[1])
    length = np.concatenate([skull, on_skull + (1 - on_skull) * drop])[None, :]
    return np.concatenate([places, np.stack(hanging, axis=2).astype(np.float32)], axis=1), length.astype(np.float32)


def _joined(sheets: list[Grid], texture: Strands) -> Hair:
    """All sheets in one mesh."""
    vertices, triangles, texels, tangents, tints = [], [], [], [], []
    base = 0
    for places, along, tint, layer, u_from, u_to in sheets:
        columns, rows = places.shape[:2]
        ids = base + np.arange(columns * rows, dtype=np.int32).reshape(columns, rows)
        a, b, c, d = ids[:-1, :-1], ids[1:, :-1], ids[1:, 1:], ids[:-1, 1:]
        quads = np.stack([np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)], axis=2).reshape(-1, 3)
        quads = quads if _outward(places) else quads[:, ::-1]
        u = np.linspace(u_from, u_to, columns) * (COLUMNS - 1)
        v = layer * ROWS + np.clip(along, 0, 1) * (ROWS - 1.01)
        uv = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2)
        vertices.append(places.reshape(-1, 3))
        triangles.append(quads)
        texels.append(uv[quads - base])
        tangents.append(_direction(places).reshape(-1, 3))
        tints.append(tint.reshape(-1, 3))
        base += columns * rows
    return Hair(
        np.concatenate(vertices).astype(np.float32),
        np.concatenate(triangles).astype(np.int32),
        np.concatenate(texels).astype(np.float32),
        np.concatenate(tangents).astype(np.float32),
        np.concatenate(tints).astype(np.float32),
        texture,
    )


def _outward(places: Floats) -> bool:
    """Whether the grid's own order (columns, then rows) turns its front away from the skull."""
    across, down = np.gradient(places, axis=0), np.gradient(places, axis=1)
    return bool((np.cross(across, down) * (places - CENTRE)).sum() > 0)


def _direction(places: Floats) -> Floats:
    """Unit vectors along the strands [C,R,3]."""
    step = np.gradient(places, axis=1)
    return np.asarray(step / np.maximum(np.linalg.norm(step, axis=-1, keepdims=True), 1e-6), np.float32)
