"""A face in front of a camera: from action units, blink, pose and gaze to an image, and to the surface at each pixel.

Everything that is painted lies on the mesh and hair moves rigidly with the head, so the motion of the vertices is the
exact motion of the image.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mebench.datasets.synme import lighting, raster
from mebench.datasets.synme.appearance import Appearance, appearance
from mebench.datasets.synme.camera import AIM_HEIGHT, Camera, follow_weight, move_head, rotation
from mebench.datasets.synme.compose import compose_atlas, vertex_tint
from mebench.datasets.synme.domains import Capture
from mebench.datasets.synme.hair import grow
from mebench.datasets.synme.identity import Identity
from mebench.datasets.synme.kit import Kit, Part, load_kit
from mebench.datasets.synme.shading import (
    ATTRIBUTES,
    BODY,
    EYE,
    HAIR,
    LIGHT,
    MOST_LIGHTS,
    NORMAL,
    PLACE,
    REST,
    SEEN,
    SKIN,
    SUPERSAMPLING,
    TANGENT,
    TINT,
    WET,
    Moment,
    Scene,
    shade,
)  # fmt: skip
from mebench.datasets.synme.texture import EYE_PATCH, LIP_TEXEL, SKIN_TEXEL, WHITE_TEXEL, eye_corners, to_texels
from mebench.datasets.synme.texture_hair import above_hairline
from mebench.datasets.synme.texture_wrinkles import depths, wrinkle_maps

Floats = NDArray[np.float32]

KINDS = {
    Part.SKIN: SKIN, Part.BODY: BODY, Part.EYE_CAVITY: WET, Part.MOUTH_CAVITY: WET, Part.EYE: EYE, Part.TEETH: WET,
    Part.TONGUE: WET,
}  # fmt: skip


class FaceRenderer:
    """One person in one recording set-up.

    identity: who. capture: lights, background and camera. size: side of the frame in pixels (any; 128 or 256 are usual).

    triangles: int32 ``[G,3]``, those of the kit first, in its order. face: bool ``[G]``, true for the skin of the face:
    part SKIN, below the hairline, in front of the ears, above the jaw; scalp, ears, neck, eyes, mouth, body and hair are
    not. Vertices returned by :meth:`vertices` are the kit's, then those of the hair.
    """

    def __init__(self, identity: Identity, capture: Capture, size: int = 256) -> None:
        self.identity, self.capture, self.size = identity, capture, size
        self.camera = Camera(capture.distance, size)
        self.kit: Kit = load_kit()
        self.look: Appearance = appearance(identity)
        self._rest = identity.rest(self.kit)
        self._hair = grow(self.look, self._rest)
        self._follow = follow_weight(self.kit.vertices[:, 1])
        self.triangles = self.kit.triangles
        if self._hair is not None:
            self.triangles = np.concatenate([self.triangles, self._hair.triangles + len(self._rest)]).astype(np.int32)
            self._follow = np.concatenate([self._follow, np.ones(len(self._hair.vertices), np.float32)])

    @cached_property
    def face(self) -> NDArray[np.bool_]:
        skin = _face_triangles(self.kit)
        return np.concatenate([skin, np.zeros(len(self.triangles) - len(skin), bool)])

    def vertices(self, au: Floats, blink: Floats, pose: Floats, gaze: Floats) -> Floats:
        """The posed mesh: float32 ``[V,3]`` in dm.

        au: ``[26]`` intensities (``expression.NAMES``). blink: ``[2]`` closing of the left and right eye, in [0,1].
        pose: ``[6]`` yaw, pitch, roll (rad), x, y, z (dm). gaze: ``[2]`` yaw and pitch of both eyes (rad).
        """
        kit, scale = self.kit, self.identity.scale
        shape = self._rest.astype(np.float64)
        for value, offsets in zip((*au, *blink), (*kit.action_units, *kit.blinks), strict=True):
            if value:
                shape += float(value) * scale * offsets
        turn = rotation(float(gaze[0]), float(gaze[1]), 0.0)
        for ids in kit.eyes:
            centre = self._rest[ids].astype(np.float64).mean(axis=0)
            shape[ids] = (shape[ids] - centre) @ turn.T + centre
        return move_head(self._with_hair(shape.astype(np.float32)), self._follow, pose)

    def _with_hair(self, shape: Floats) -> Floats:
        """The kit's vertices and those of the hair, at rest."""
        return shape if self._hair is None else np.concatenate([shape, self._hair.vertices])

    def project(self, vertices: Floats) -> tuple[Floats, Floats]:
        """Pixels float32 ``[V,2]`` (x, y; pixel centres at integers) and inverse depth float32 ``[V]`` (1/dm)."""
        return self.camera.project(vertices)

    def surface(self, vertices: Floats) -> tuple[NDArray[np.int32], Floats]:
        """What each pixel centre shows: triangle int32 ``[S,S]`` (-1: background) and barycentrics float32 ``[S,S,3]``."""
        pixels, inverse = self.project(vertices)
        points, index = self._visible(pixels, inverse, 1)
        return index, raster.weights(points, inverse, self.triangles, index)

    def clean(self, au: Floats, blink: Floats, pose: Floats, gaze: Floats, exposure: float = 1.0) -> Floats:
        """The image before the sensor: float32 ``[S,S,3]``, display-referred in [0,1]. Arguments as :meth:`vertices`."""
        vertices = self.vertices(au, blink, pose, gaze)
        pixels, inverse = self.project(vertices)
        points, index = self._visible(pixels, inverse, SUPERSAMPLING)
        normals = lighting.normals(vertices, self.triangles)
        axis = self._round_eyes(vertices, normals, pose, gaze)
        light = lighting.irradiance(
            normals, self._transfer, self._radiance, lighting.directions(), np.asarray(lighting.WRAP, np.float32)
        )
        attributes = self._attributes.copy()
        attributes[:, NORMAL : NORMAL + 3] = normals
        attributes[:, LIGHT : LIGHT + 3] = light
        attributes[:, PLACE : PLACE + 3] = vertices
        folds = depths(np.asarray(au, np.float32))
        return shade(self._scene, Moment(index, points, inverse, attributes, folds, axis), float(exposure))

    def _visible(self, pixels: Floats, inverse: Floats, samples: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Snapped points and the front-most triangle at ``samples`` x ``samples`` a pixel."""
        side = self.size * samples
        points = raster.snap(pixels, samples)
        index, depth = raster.blank(side, side)
        nothing, open_mask = np.zeros((1, 3, 2), np.float32), np.zeros((1, 1), np.uint8)
        raster.fill(
            points, inverse, self.triangles, 0, len(self.kit.triangles), False, nothing, open_mask, False, index, depth
        )
        if self._hair is not None:
            first, last = len(self.kit.triangles), len(self.triangles)
            raster.fill(
                points,
                inverse,
                self.triangles,
                first,
                last,
                True,
                self._texels,
                self._hair.strands.mask,
                True,
                index,
                depth,
            )
        return points, index

    def _round_eyes(self, vertices: Floats, normals: Floats, pose: Floats, gaze: Floats) -> Floats:
        """Give eyeballs the normals of a ball, in place; returns the axis of the eyes, float32 ``[3]``."""
        axis = rotation(*np.asarray(pose[:3], np.float64)) @ rotation(float(gaze[0]), float(gaze[1]), 0.0) @ (0, 0, 1.0)
        for ids in self.kit.eyes:
            outward = vertices[ids].astype(np.float64) - vertices[ids].astype(np.float64).mean(axis=0)
            normals[ids] = outward / np.linalg.norm(outward, axis=1, keepdims=True)
        return np.asarray(axis, np.float32)

    @cached_property
    def _radiance(self) -> Floats:
        return lighting.environment(self.capture.lights, self.capture.ambient)

    @cached_property
    def _transfer(self) -> Floats:
        return lighting.visibility(self._with_hair(self._rest), self.triangles)

    @cached_property
    def _towards(self) -> NDArray[np.float64]:
        """Unit directions of the lights that make highlights, float64 ``[L,3]``."""
        towards = np.asarray([light.direction for light in self.capture.lights[:MOST_LIGHTS]], np.float64)
        return np.asarray(towards / np.linalg.norm(towards, axis=1, keepdims=True))

    @cached_property
    def _attributes(self) -> Floats:
        """What stays of each vertex's row within a clip: float32 ``[V,20]``."""
        count = len(self._rest)
        rows = np.zeros((len(self._follow), ATTRIBUTES), np.float32)
        rows[:count, TINT : TINT + 3] = vertex_tint(self.kit, self.look)
        rows[:count, REST : REST + 2] = self.kit.vertices[:, :2]
        if self._hair is not None:
            rows[count:, TINT : TINT + 3] = self._hair.tint
            rows[count:, TANGENT : TANGENT + 3] = self._hair.tangents
        nearest = np.argsort(-(self._towards @ lighting.directions().T.astype(np.float64)), axis=1, kind="stable")
        seen = self._transfer[:, nearest[:, :3]].mean(axis=2)
        rows[:, SEEN : SEEN + seen.shape[1]] = seen
        return rows

    @cached_property
    def _texels(self) -> Floats:
        texels = _texels(self.kit)
        return texels if self._hair is None else np.concatenate([texels, self._hair.texels])

    @cached_property
    def _scene(self) -> Scene:
        lights = self.capture.lights[:MOST_LIGHTS]
        colours = np.asarray([light.strength * np.asarray(light.colour) for light in lights])
        kinds = [KINDS[Part(part)] for part in self.kit.part]
        shirt = (*self.look.shirt, {"crew": 0.0, "collar": 0.0, "vee": 1.0, "wide": 2.0}[self.look.neckline])
        return Scene(
            triangles=self.triangles,
            kind=np.concatenate([kinds, np.full(len(self.triangles) - len(kinds), HAIR)]).astype(np.uint8),
            texels=self._texels,
            atlas=compose_atlas(self.look),
            strands=np.zeros((1, 1), np.uint8) if self._hair is None else self._hair.strands.shade,
            reliefs=wrinkle_maps(),
            lights=np.concatenate([self._towards, colours], axis=1).astype(np.float32),
            background=_background(self.capture, self.size),
            shirt=np.asarray(shirt, np.float32),
            camera=np.asarray((0.0, AIM_HEIGHT, self.capture.distance), np.float32),
        )


def _texels(kit: Kit) -> Floats:
    """Texel coordinates of every corner: skin by the layout, eyes by their patches, the rest on the white texel."""
    out = np.empty((*kit.triangles.shape, 2), np.float32)
    out[:] = WHITE_TEXEL
    out[np.isin(kit.part, (Part.BODY, Part.EYE_CAVITY))] = SKIN_TEXEL
    out[kit.part == Part.MOUTH_CAVITY] = LIP_TEXEL
    skin = kit.part == Part.SKIN
    out[skin] = to_texels(kit.uv[skin])
    for ids, corner in zip(kit.eyes, eye_corners(), strict=True):
        mine = np.isin(kit.triangles[:, 0], ids)
        centre = kit.vertices[ids].mean(axis=0)
        offset = kit.vertices[kit.triangles[mine]] - centre
        radius = np.linalg.norm(kit.vertices[ids] - centre, axis=1).mean()
        out[mine, :, 0] = corner[0] + (1 + offset[:, :, 0] / radius) * EYE_PATCH / 2 - 0.5
        out[mine, :, 1] = corner[1] + (1 - offset[:, :, 1] / radius) * EYE_PATCH / 2 - 0.5
    return out


def _face_triangles(kit: Kit) -> NDArray[np.bool_]:
    """Skin of the face: in front of the ears, below the hairline, above the underside of the jaw."""
    centre = kit.vertices[kit.triangles].mean(axis=1)
    texel = to_texels(kit.uv.mean(axis=1))
    height, width = above_hairline().shape
    column = np.clip(np.rint(texel[:, 0]).astype(int), 0, width - 1)
    row = np.clip(np.rint(texel[:, 1]).astype(int), 0, height - 1)
    below_hair = above_hairline()[row, column] < -0.05
    return np.asarray((kit.part == Part.SKIN) & below_hair & (centre[:, 2] > 0.35))


def _background(capture: Capture, size: int) -> Floats:
    """A wall that is a little brighter above the middle: float32 ``[S,S,3]``, linear."""
    axis = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(axis, axis)
    fall = 1.06 - 0.45 * (np.square(x) + np.square(y + 0.12))
    return np.asarray(fall[:, :, None] * np.asarray(capture.background), np.float32)
