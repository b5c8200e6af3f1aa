"""A face in front of a camera: from action units, blink, pose and gaze to an image, and to the surface at each pixel.

Everything that is painted lies on the mesh and hair moves rigidly with the head, so the motion of the vertices is the
exact motion of the image.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme import lighting, raster
from mebench.datasets.synme.camera import AIM_HEIGHT, Camera, rotation
from mebench.datasets.synme.compose import compose_atlas
from mebench.datasets.synme.domains import Capture
from mebench.datasets.synme.head import Head
from mebench.datasets.synme.identity import Identity
from mebench.datasets.synme.shading import (
    ATTRIBUTES,
    DIRECTION,
    LIGHT,
    MOST_LIGHTS,
    PLACE,
    REST,
    SEEN,
    SUPERSAMPLING,
    TINT,
    Moment,
    Scene,
    shade,
)
from mebench.datasets.synme.texture_wrinkles import depths, wrinkle_maps, wrinkle_windows

Floats = NDArray[np.float32]

NECKLINES = {"crew": 0.0, "collar": 0.0, "vee": 1.0, "wide": 2.0}


class FaceRenderer:
    """One person in one recording set-up.

    identity: who. capture: lights, background and camera. size: side of the frame in pixels (any; 128 or 256 are usual).

    triangles: int32 ``[G,3]``, those of the kit first, in its order, then hair, then lashes. face: bool ``[G]``, true
    for the skin of the face: part SKIN, below the hairline and in front of the ears; scalp, ears, neck, eyes, mouth,
    body, hair and lashes are not. Vertices of :meth:`vertices` are the kit's, then those of hair and lashes.
    """

    def __init__(self, identity: Identity, capture: Capture, size: int = 256) -> None:
        self.identity, self.capture, self.size = identity, capture, size
        self.camera = Camera(capture.distance, size)
        self.head = Head(identity)
        self.triangles = self.head.triangles

    @property
    def face(self) -> NDArray[np.bool_]:
        return self.head.face

    def vertices(self, au: Floats, blink: Floats, pose: Floats, gaze: Floats) -> Floats:
        """The posed mesh: float32 ``[V,3]`` in dm.

        au: ``[26]`` intensities (``expression.NAMES``). blink: ``[2]`` closing of the left and right eye, in [0,1].
        pose: ``[6]`` yaw, pitch, roll (rad), x, y, z (dm). gaze: ``[2]`` yaw and pitch of both eyes (rad).
        """
        return self.head.posed(au, blink, pose, gaze)

    def project(self, vertices: Floats) -> tuple[Floats, Floats]:
        """Pixels float32 ``[V,2]`` (x, y; pixel centres at integers) and inverse depth float32 ``[V]`` (1/dm)."""
        return self.camera.project(vertices)

    def surface(self, vertices: Floats) -> tuple[NDArray[np.int32], Floats]:
        """What each pixel centre shows: triangle int32 ``[S,S]`` (-1: background) and barycentrics float32 ``[S,S,3]``.

        Lashes are left out: they are thinner than a pixel, and the lid shows between them.
        """
        pixels, inverse = self.project(vertices)
        points, index = self._visible(pixels, inverse, 1, self.head.hair_end)
        return index, raster.weights(points, inverse, self.triangles, index)

    def clean(self, au: Floats, blink: Floats, pose: Floats, gaze: Floats, exposure: float = 1.0) -> Floats:
        """The image before the sensor: float32 ``[S,S,3]``, display-referred in [0,1]. Arguments as :meth:`vertices`."""
        vertices = self.vertices(au, blink, pose, gaze)
        pixels, inverse = self.project(vertices)
        points, index = self._visible(pixels, inverse, SUPERSAMPLING, len(self.triangles))
        normals = lighting.normals(vertices, self.triangles)
        axis = self._round_eyes(vertices, normals, pose, gaze)
        light = lighting.irradiance(
            normals, self._transfer, self._radiance, lighting.directions(), np.asarray(lighting.WRAP, np.float32)
        )
        attributes = self._attributes.copy()
        solid = len(self.head.rest)
        attributes[:solid, DIRECTION : DIRECTION + 3] = normals[:solid]
        attributes[:, LIGHT : LIGHT + 3] = light
        attributes[:, PLACE : PLACE + 3] = vertices
        folds = depths(np.asarray(au, np.float32))
        return shade(self._scene, Moment(index, points, inverse, attributes, folds, axis), float(exposure))

    def _visible(
        self, pixels: Floats, inverse: Floats, samples: int, end: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Snapped points and the front-most of the triangles before ``end`` at ``samples`` x ``samples`` a pixel (of
        several samples until the next call)."""
        side, head = self.size * samples, self.head
        points = raster.snap(pixels, samples)
        index, depth = raster.kept(side) if samples > 1 else raster.blank(side, side)
        raster.fill(
            points, inverse, self.triangles, head.solid_order, False, head.texels, head.mask, False, index, depth
        )
        loose = head.loose_order[head.loose_order < end]
        loose = raster.in_sight(points, inverse, self.triangles, loose, depth)
        raster.fill(points, inverse, self.triangles, loose, True, head.texels, head.mask, True, index, depth)
        return points, index

    def _round_eyes(self, vertices: Floats, normals: Floats, pose: Floats, gaze: Floats) -> Floats:
        """Give eyeballs the normals of a ball, in place; returns the axis of the eyes, float32 ``[3]``."""
        axis = rotation(*np.asarray(pose[:3], np.float64)) @ rotation(float(gaze[0]), float(gaze[1]), 0.0) @ (0, 0, 1.0)
        for ids in self.head.kit.eyes:
            outward = vertices[ids].astype(np.float64) - vertices[ids].astype(np.float64).mean(axis=0)
            normals[ids] = outward / np.linalg.norm(outward, axis=1, keepdims=True)
        return np.asarray(axis, np.float32)

    @cached_property
    def _radiance(self) -> Floats:
        return lighting.environment(self.capture.lights, self.capture.ambient)

    @cached_property
    def _transfer(self) -> Floats:
        """Visibility of every vertex, float32 ``[64,V]``; lashes cast no shadow."""
        seen = lighting.visibility(self.head.whole(self.head.rest), self.triangles[: self.head.hair_end])
        return np.ascontiguousarray(seen.T)

    @cached_property
    def _towards(self) -> NDArray[np.float64]:
        """Unit directions of the lights that make highlights, float64 ``[L,3]``."""
        towards = np.asarray([light.direction for light in self.capture.lights[:MOST_LIGHTS]], np.float64)
        return np.asarray(towards / np.linalg.norm(towards, axis=1, keepdims=True))

    @cached_property
    def _attributes(self) -> Floats:
        """What stays of each vertex's row within a clip: float32 ``[V,16]``."""
        rows = np.zeros((self.head.count, ATTRIBUTES), np.float32)
        rows[:, TINT : TINT + 3] = self.head.tint
        rows[:, REST] = self.head.template[:, 0]
        rows[:, DIRECTION : DIRECTION + 3] = self.head.tangents
        nearest = np.argsort(-(self._towards @ lighting.directions().T.astype(np.float64)), axis=1, kind="stable")
        seen = np.ascontiguousarray(self._transfer.T)[:, nearest[:, :3]].mean(axis=2)
        rows[:, SEEN : SEEN + seen.shape[1]] = seen
        return rows

    @cached_property
    def _scene(self) -> Scene:
        lights, head = self.capture.lights[:MOST_LIGHTS], self.head
        colours = np.asarray([light.strength * np.asarray(light.colour) for light in lights])
        return Scene(
            triangles=self.triangles,
            kind=head.kind,
            texels=head.texels,
            height=np.ascontiguousarray(head.template[:, 1]),
            atlas=compose_atlas(head.look, head.rest),
            strands=head.shade,
            reliefs=wrinkle_maps(),
            windows=wrinkle_windows(),
            lights=np.concatenate([self._towards, colours], axis=1).astype(np.float32),
            background=_background(self.capture, self.size),
            shirt=np.asarray((*head.look.shirt, NECKLINES[head.look.neckline]), np.float32),
            camera=np.asarray((0.0, AIM_HEIGHT, self.capture.distance), np.float32),
        )


def _background(capture: Capture, size: int) -> Floats:
    """A wall that is a little brighter above the middle: float32 ``[S,S,3]``, linear."""
    axis = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(axis, axis)
    fall = 1.06 - 0.45 * (np.square(x) + np.square(y + 0.12))
    return np.asarray(fall[:, :, None] * np.asarray(capture.background), np.float32)
