"""The atlas: one picture that is wrapped around the head, and the paint that goes onto it.

Every rule of paint is a function of the place on the template (so that the left and the right are painted alike, and
the paint moves with the skin exactly). The atlas is the kit's UV layout, stretched where the face needs detail.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.kit import ATLAS, Part, load_kit
from mebench.datasets.synme.raster import SUBPIXEL, blank, fill, weights

Floats = NDArray[np.float32]

DENSITY = 1800
"""Texels for one UV unit outside the face."""

STRETCH_U = (0.695, 0.985, 2.0)
STRETCH_V = (0.445, 0.585, 2.4)
"""UV interval of the face and how many times as many texels it gets: about two texels a pixel at 256 px.
(u runs from forehead to chin in this layout, v from the subject's left ear to the right.)"""

EYE_PATCH = 160
"""Side of the square that is wrapped around the front half of an eyeball."""

WHITE_TEXEL, SKIN_TEXEL, LIP_TEXEL = (1180.0, 182.0), (1180.0, 192.0), (1180.0, 202.0)
"""Texels (x, y) off the layout that are painted evenly, for parts that are not on the atlas: body, cavities, teeth."""


@dataclass(frozen=True)
class Surface:
    """The atlas before paint: what lies at each texel. All float32 ``[H,W]``, template coordinates in dm.

    x, y, z: place on the template, nearest skin outside the layout. lips, ears: masks in [0,1], softened.
    inside: bool, on skin.
    """

    x: Floats
    y: Floats
    z: Floats
    lips: Floats
    ears: Floats
    inside: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        height, width = self.x.shape
        return height, width


def _axis(low: float, high: float, stretch: tuple[float, float, float], value: Floats) -> Floats:
    """Texel coordinate of UV coordinate: slope :data:`DENSITY`, times ``stretch[2]`` between its first two."""
    start, end, factor = stretch
    inner = np.clip(value, start, end) - start
    return np.asarray(((value - low) + (factor - 1.0) * inner) * DENSITY, np.float32)


def to_texels(uv: Floats) -> Floats:
    """Texel coordinates float32 ``[...,2]`` (x, y; texel centres at integers) of kit UV ``[...,2]``."""
    u_low, u_high, v_low, v_high = ATLAS
    x = _axis(u_low, u_high, STRETCH_U, uv[..., 0])
    y = _axis(v_low, v_high, STRETCH_V, uv[..., 1])
    return np.stack([x, y], axis=-1)


def atlas_size() -> tuple[int, int]:
    """Height and width of the atlas in texels."""
    corner = to_texels(np.array([ATLAS[1], ATLAS[3]], np.float32))
    return int(corner[1]), int(corner[0])


def eye_corners() -> tuple[tuple[int, int], tuple[int, int]]:
    """Top left texel (x, y) of the patch of the left and of the right eye, in corners that the skin does not use."""
    height, width = atlas_size()
    return (width - EYE_PATCH - 8, 8), (width - EYE_PATCH - 8, height - EYE_PATCH - 8)


@cache
def surface() -> Surface:
    """The atlas of the kit, made once a process."""
    kit = load_kit()
    skin = kit.part == Part.SKIN
    flat = to_texels(kit.uv[skin]).reshape(-1, 2)
    places = kit.vertices[kit.triangles[skin]].reshape(-1, 3)
    triangles = np.arange(len(flat), dtype=np.int32).reshape(-1, 3)
    height, width = atlas_size()
    points = np.floor(flat * SUBPIXEL + 0.5).astype(np.int64)
    index, depth = blank(height, width)
    ones = np.ones(len(flat), np.float32)
    nothing = np.zeros((1, 3, 2), np.float32)
    everything = np.arange(len(triangles), dtype=np.int32)
    fill(points, ones, triangles, everything, True, nothing, np.zeros((1, 1), np.uint8), False, index, depth)
    share = weights(points, ones, triangles, index)
    place = np.einsum("hwk,hwkc->hwc", share, places.reshape(-1, 3, 3)[np.maximum(index, 0)])
    inside = index >= 0
    place = _extend(place.astype(np.float32), inside)
    lips, ears = (_mask(mask, height, width) for mask in (kit.lips, kit.ears))
    x, y, z = (np.ascontiguousarray(place[:, :, k]) for k in range(3))
    return Surface(x, y, z, lips, ears, inside)


def _extend(values: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Fill the outside with the nearest inside texel."""
    _, label = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(inside)
    nearest = np.zeros(label.max() + 1, np.int64)
    nearest[label[rows, columns]] = rows * inside.shape[1] + columns
    return np.asarray(values.reshape(-1, values.shape[2])[nearest[label]], np.float32)


def _mask(mask: NDArray[np.uint8], height: int, width: int) -> Floats:
    """A kit mask on the stretched atlas, in [0,1]."""
    u_low, u_high, v_low, v_high = ATLAS
    u = np.interp(np.arange(width), *_inverse(u_low, u_high, STRETCH_U))
    v = np.interp(np.arange(height), *_inverse(v_low, v_high, STRETCH_V))
    columns = (u - u_low) / (u_high - u_low) * mask.shape[1] - 0.5
    rows = (v - v_low) / (v_high - v_low) * mask.shape[0] - 0.5
    smooth = cv2.GaussianBlur(mask, (0, 0), 1.5)
    grid_x, grid_y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    return np.asarray(cv2.remap(smooth, grid_x, grid_y, cv2.INTER_CUBIC), np.float32) / 255.0


def _inverse(low: float, high: float, stretch: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """Nodes (texel, UV) of the inverse of :func:`_axis`."""
    knots = np.array([low, stretch[0], stretch[1], high], np.float32)
    return _axis(low, high, stretch, knots), knots


@cache
def around(x_low: float, x_high: float, y_low: float, y_high: float) -> tuple[Surface, tuple[slice, slice]]:
    """The part of the atlas that holds the front of the template between these places (dm), and its window."""
    at = surface()
    rows, columns = np.nonzero(
        at.inside & (at.z > 0.6) & (at.x > x_low) & (at.x < x_high) & (at.y > y_low) & (at.y < y_high)
    )
    window = slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)
    parts = (np.ascontiguousarray(part[window]) for part in (at.x, at.y, at.z, at.lips, at.ears, at.inside))
    return Surface(*parts), window


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """Cubic step from 0 at ``low`` to 1 at ``high`` (also falling, when low > high)."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def blob(at: Surface, cx: float, cy: float, rx: float, ry: float) -> Floats:
    """exp(-(((|x|-cx)/rx)^2 + ((y-cy)/ry)^2)) on the front of the head (z > 0.6), float32 ``[H,W]``."""
    value = np.exp(-(np.square((np.abs(at.x) - cx) / rx) + np.square((at.y - cy) / ry)))
    return np.asarray(np.where(at.z > 0.6, value, 0.0), np.float32)


def lay(paint: Floats, colour: tuple[float, float, float] | Floats, alpha: Floats) -> None:
    """Lay a colour (RGB, or ``[H,W,3]``) over ``paint`` [H,W,3] in place with opacity ``alpha`` [H,W]."""
    paint += alpha[:, :, None] * (np.asarray(colour, np.float32) - paint)
