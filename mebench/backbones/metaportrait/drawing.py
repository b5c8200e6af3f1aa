"""Landmarks become images: anti-aliased lines of thickness 1 in one colour an edge, on black.

As published, landmarks are drawn at whole pixels (truncated), so a motion of less than a pixel moves some lines by a
whole one and the rest not at all. Drawn at a sixteenth of a pixel the same motion moves every line by its own amount;
``python benchmarks/landmark_lines.py`` measures the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

FRACTION_BITS = 4
"""Binary places of a sub-pixel position: a sixteenth of a pixel, a tenth of the smallest micro-motion."""

_FAR = 2**14
"""Largest position in pixels that is drawn as it is; beyond, OpenCV's fixed-point numbers would overflow."""

_TABLES = Path(__file__).parent / "layouts"


@dataclass(frozen=True)
class Layout:
    """Which landmarks are joined, and in which colours. edges: int32 ``[E,2]``. colours: uint8 ``[E,3]``, the values of
    channels 0, 1, 2. Order matters: later lines are painted over earlier ones."""

    name: str
    points: int
    edges: NDArray[np.int32]
    colours: NDArray[np.uint8]


@cache
def layout(name: str) -> Layout:
    """``dense-669``, the layout of the published model, or ``mesh-468``, that of the variant on the face mesh."""
    points = {"dense-669": 669, "mesh-468": 468}[name]
    table = np.loadtxt(_TABLES / f"{name}.tsv", dtype=np.int32)
    return Layout(name, points, table[:, :2], table[:, 2:].astype(np.uint8))


def draw(points: NDArray[np.floating], of: Layout, size: int, *, subpixel: bool) -> NDArray[np.uint8]:
    """The drawing uint8 ``[3,S,S]`` of landmarks ``[N,2]`` (x, y) in [0,1]: 0 and 1 are the outer edges of the image.

    Whole pixels: position ``trunc(x S)``, as published. Sub-pixel: the same positions with :data:`FRACTION_BITS` binary
    places, moved by half a pixel so that both agree on average. Lines outside the image are cut off.
    """
    canvas = np.zeros((size, size, 3), np.uint8)
    shift = FRACTION_BITS if subpixel else 0
    places = np.rint(drawn_places(points, size, subpixel=subpixel) * 2**shift).astype(np.int64).tolist()
    for (first, second), colour in zip(of.edges.tolist(), of.colours.tolist(), strict=True):
        cv2.line(canvas, places[first], places[second], colour, 1, cv2.LINE_AA, shift)
    return np.ascontiguousarray(canvas.transpose(2, 0, 1))


def drawn_places(points: NDArray[np.floating], size: int, *, subpixel: bool) -> NDArray[np.float64]:
    """Where :func:`draw` puts landmarks: pixels ``[N,2]``, centres at integers, whole or in sixteenths."""
    pixels = points.astype(np.float64) * size
    places = np.rint((pixels - 0.5) * 2**FRACTION_BITS) / 2**FRACTION_BITS if subpixel else np.trunc(pixels)
    return np.asarray(np.clip(places, -_FAR, _FAR))
