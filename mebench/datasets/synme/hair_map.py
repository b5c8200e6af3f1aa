"""The scalp as a flat map, and the smooth hull of a person's head on it.

The head is seen from above: a direction from the centre of the skull has an azimuth (0 = forwards, positive = the
subject's left) and an angle from the top, and lies on the map at ``angle * (sin azimuth, cos azimuth)`` (the azimuthal
equidistant projection). Every place of the map knows its triangle and barycentrics on the template, so the hull of any
person follows from their vertices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme.kit import Kit, Part, load_kit
from mebench.datasets.synme.raster import SUBPIXEL, blank, fill, weights
from mebench.datasets.synme.texture import surface, to_texels
from mebench.datasets.synme.texture_hair import HEAD_AXIS_Z, hairline_height

Floats = NDArray[np.float32]

CENTRE = (0.0, 7.45, HEAD_AXIS_Z)
"""Centre of the skull on the template, dm."""

SIDE = 129
REACH = 2.7
"""Half width of the map in rad from the top: down to the nape."""


@dataclass(frozen=True)
class Hull:
    """A person's head. places: float32 ``[SIDE,SIDE,3]``, dm. centre: float64 ``[3]``."""

    places: Floats
    centre: NDArray[np.float64]

    def at(self, azimuth: Floats, angle: Floats, lift: Floats) -> Floats:
        """Places ``[...,3]`` in these directions, ``lift`` dm outside of the skin."""
        scale = (SIDE - 1) / (2 * REACH)
        column = angle * np.sin(azimuth) * scale + (SIDE - 1) / 2
        row = angle * np.cos(azimuth) * scale + (SIDE - 1) / 2
        skin = cv2.remap(
            self.places,
            column.astype(np.float32),
            row.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        outward = skin - self.centre
        outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
        return np.asarray(skin + outward * lift[..., None], np.float32)


@cache
def _template_map() -> tuple[NDArray[np.int32], Floats, NDArray[np.int32]]:
    """Triangle ``[SIDE,SIDE]`` (-1: none), barycentrics ``[SIDE,SIDE,3]`` and the triangles of the skull ``[F,3]``."""
    kit = load_kit()
    triangles = _skull(kit)
    offset = kit.vertices.astype(np.float64) - CENTRE
    radius = np.linalg.norm(offset, axis=1)
    angle = np.arccos(np.clip(offset[:, 1] / radius, -1, 1))
    flat = np.hypot(offset[:, 0], offset[:, 2]) + 1e-12
    scale = (SIDE - 1) / (2 * REACH)
    place = np.stack([angle * offset[:, 0] / flat, angle * offset[:, 2] / flat], axis=1) * scale + (SIDE - 1) / 2
    points = np.floor(place * SUBPIXEL + 0.5).astype(np.int64)
    index, depth = blank(SIDE, SIDE)
    near = radius.astype(np.float32)
    nothing = np.zeros((1, 3, 2), np.float32)
    everything = np.arange(len(triangles), dtype=np.int32)
    fill(points, near, triangles, everything, True, nothing, np.zeros((1, 1), np.uint8), False, index, depth)
    return index, weights(points, np.ones_like(near), triangles, index), triangles


def _skull(kit: Kit) -> NDArray[np.int32]:
    """Triangles of the head's skin without the ears and away from the pole under the chin."""
    at = surface()
    texel = np.rint(to_texels(kit.uv.mean(axis=1))).astype(int)
    ear = at.ears[np.clip(texel[:, 1], 0, at.shape[0] - 1), np.clip(texel[:, 0], 0, at.shape[1] - 1)] > 0.12
    skull = np.isin(kit.part, (Part.SKIN, Part.BODY)) & ~(ear & (kit.part == Part.SKIN))
    low = kit.vertices[kit.triangles][:, :, 1].min(axis=1) < 6.25
    return np.ascontiguousarray(kit.triangles[skull & ~low])


def hull(rest: Floats) -> Hull:
    """The smooth hull of a person. rest: float32 ``[V,3]``, the neutral mesh."""
    index, share, triangles = _template_map()
    known = (index >= 0).astype(np.float32)
    places = np.einsum("hwk,hwkc->hwc", share, rest[triangles[np.maximum(index, 0)]]) * known[:, :, None]
    fine = cv2.GaussianBlur(places, (0, 0), 1.2) / np.maximum(cv2.GaussianBlur(known, (0, 0), 1.2), 1e-6)[:, :, None]
    weight = cv2.GaussianBlur(known, (0, 0), 6.0)
    coarse = cv2.GaussianBlur(places, (0, 0), 6.0) / np.maximum(weight, 1e-6)[:, :, None]
    inside = cv2.erode(known, np.ones((3, 3), np.uint8))[:, :, None]
    inside = cv2.GaussianBlur(inside, (0, 0), 1.0)
    inside = inside.reshape(SIDE, SIDE, 1) * known[:, :, None]
    smooth = np.where(known[:, :, None] > 0, inside * fine + (1 - inside) * coarse, coarse)
    centre = np.asarray(CENTRE) + (rest.mean(axis=0) - load_kit().vertices.mean(axis=0)) * (0.0, 1.0, 1.0)
    return Hull(np.ascontiguousarray(smooth, np.float32), centre)


@cache
def _line() -> tuple[Floats, Floats]:
    """Angle of the hairline from the top over the azimuth in [0, pi], on the template."""
    index, share, triangles = _template_map()
    places = np.einsum("hwk,hwkc->hwc", share, load_kit().vertices[triangles[np.maximum(index, 0)]])
    template = Hull(np.where(index[:, :, None] >= 0, places, -9).astype(np.float32), np.asarray(CENTRE))
    azimuth = np.linspace(0, np.pi, 96).astype(np.float32)
    angle = np.linspace(0.2, REACH - 0.1, 240).astype(np.float32)
    grid_azimuth, grid_angle = np.meshgrid(azimuth, angle, indexing="ij")
    height = template.at(grid_azimuth, grid_angle, np.zeros_like(grid_angle))[:, :, 1]
    below = height < hairline_height(np.abs(grid_azimuth))
    first = np.where(below.any(axis=1), np.argmax(below, axis=1), len(angle) - 1)
    return azimuth, cv2.GaussianBlur(angle[first], (1, 5), 0, borderType=cv2.BORDER_REPLICATE).ravel()


def hairline(azimuth: Floats) -> Floats:
    """Angle (rad from the top) at which hair ends in direction ``azimuth`` (rad, any sign)."""
    nodes, angles = _line()
    wrapped = np.abs((np.asarray(azimuth) + np.pi) % (2 * np.pi) - np.pi)
    return np.interp(wrapped, nodes, angles).astype(np.float32)
