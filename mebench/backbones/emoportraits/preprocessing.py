"""What the published networks want of a picture: a square around the head, and the head without its background.

The published pipeline masks the source with a 19-class face parser (BiSeNet), whose weights are not openly published.
Here the mask is the user's own, or one drawn from the 468-point mesh, which is an approximation and is labelled so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import floor
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.motion.face import largest_face
from mebench.motion.landmarks import FACE_OVAL, eye_centres, face_mesh
from mebench.weights.locate import sha256

STEADY_REACH = 1.2
"""Half side of the square over the larger half side of the face's box: the rule for clips, which is used with one box
for all frames so that cutting adds no motion."""

_RAISED, _LENGTHENED = 0.9, 1.2
"""The published rule for single pictures moves the top of the box up and makes it longer."""

_HAIR, _SIDES, _NECK = 0.75, 0.28, 0.55
"""How far the mesh's mask reaches beyond the outline of the face, in heights of it upwards (hair), in widths of it to
each side (hair, ears), and in heights downwards (neck). The parser keeps skin, hair, ears, neck and hats."""


@dataclass(frozen=True)
class Square:
    """A square of pixels that may reach beyond the picture. left, top: of its first pixel. side: in pixels."""

    left: int
    top: int
    side: int

    def cut(self, frames: torch.Tensor, size: int) -> torch.Tensor:
        """``[T,3,H,W]`` to ``[T,3,size,size]``, bicubic, clipped to [0,1]; black outside the picture."""
        height, width = frames.shape[-2:]
        right, bottom = self.left + self.side, self.top + self.side
        inside = frames[..., max(self.top, 0) : min(bottom, height), max(self.left, 0) : min(right, width)]
        border = (max(-self.left, 0), max(right - width, 0), max(-self.top, 0), max(bottom - height, 0))
        return enlarge(functional.pad(inside, border), size)

    def paste(self, made: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
        """Frames ``[T,3,n,n]`` put back into a picture ``[3,H,W]``: ``[T,3,H,W]``."""
        height, width = picture.shape[-2:]
        small = functional.interpolate(made, size=(self.side, self.side), mode="bicubic", antialias=True).clamp(0, 1)
        out = picture.repeat(len(made), 1, 1, 1)
        top, left = max(self.top, 0), max(self.left, 0)
        bottom, right = min(self.top + self.side, height), min(self.left + self.side, width)
        out[..., top:bottom, left:right] = small[
            ..., top - self.top : bottom - self.top, left - self.left : right - self.left
        ]
        return out


def published_square(box: tuple[float, float, float, float], height: int, width: int) -> Square:
    """The square of the published wrapper for a face box (left, top, right, bottom) in pixels.

    Side: width plus height of the changed box, even. A square that leaves the picture by q pixels is shrunk by q on
    every side, its centre kept.
    """
    left, right = box[0], box[2]
    top = _RAISED * box[1]
    bottom = min(box[1] + _LENGTHENED * (box[3] - box[1]), height - 1)
    centre_x, centre_y = floor((left + right) / 2), floor((top + bottom) / 2)
    side = _even(round((right - left) + (bottom - top)))
    half = side // 2
    beyond = max(half - centre_x, half - centre_y, centre_x + half - width, centre_y + half - height, 0)
    half = _even(2 * (half - beyond)) // 2
    if half < 1:
        raise InputError("the face lies at the edge of the picture; no square around it fits inside.")
    return Square(centre_x - half, centre_y - half, 2 * half)


def _even(number: int) -> int:
    return number - number % 2


def steady_square(box: tuple[float, float, float, float]) -> Square:
    """One square for a clip around a face box: half side 1.2 times the larger half side of the box."""
    half = max(round(STEADY_REACH * max(box[2] - box[0], box[3] - box[1]) / 2), 1)
    centre_x, centre_y = round((box[0] + box[2]) / 2), round((box[1] + box[3]) / 2)
    return Square(centre_x - half, centre_y - half, 2 * half)


def square_of(image: torch.Tensor, rule: str, name: str) -> Square:
    """The square around the largest face of a picture ``[3,H,W]``; rule: ``published`` or ``steady``.

    Raises :class:`InputError` naming the picture when no face is found.
    """
    face, _ = largest_face(to_pixels(image), name)
    return steady_square(face.box) if rule == "steady" else published_square(face.box, *image.shape[-2:])


def enlarge(frames: torch.Tensor, size: int) -> torch.Tensor:
    """Bicubic without low-pass, as the published wrapper does; clipped to [0,1]."""
    if frames.shape[-2:] == (size, size):
        return frames
    resized = functional.interpolate(frames, size=(size, size), mode="bicubic", align_corners=False)
    return resized.clamp(0.0, 1.0)


def to_pixels(image: torch.Tensor) -> Pixels:
    """``[3,H,W]`` in [0,1] to uint8 ``[H,W,3]``."""
    pixels: Pixels = (image.movedim(0, -1).clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return pixels


def mesh_mask(image: Pixels) -> NDArray[np.bool_]:
    """The head in a picture uint8 ``[H,W,3]``, drawn from the mesh: face, hair, ears and neck by proportion.

    An approximation that takes the place of a face parser. Raises :class:`InputError` when no face is found.
    """
    points = face_mesh(image, "the source image").points.astype(np.float64)
    right, left = eye_centres(points.astype(np.float32)).astype(np.float64)
    across = (left - right) / np.linalg.norm(left - right)
    down = np.array([-across[1], across[0]])
    outline = points[FACE_OVAL, :]
    x, y = outline @ across, outline @ down
    middle_x, top, bottom = (x.min() + x.max()) / 2, y.min(), y.max()
    wide, tall = (x.max() - x.min()) / 2, bottom - top
    mask = np.zeros(image.shape[:2], np.uint8)
    # An ellipse from above the hair to the chin, the face itself, and a trapezoid for the neck.
    turn = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    high = (tall * (1 + _HAIR)) / 2
    head = (middle_x + wide * (1 + 2 * _SIDES) * np.cos(turn), bottom - high + high * np.sin(turn))
    neck_x = middle_x + wide * np.array([-0.75, 0.75, 0.9, -0.9])
    neck_y = np.array([bottom - 0.25 * tall, bottom - 0.25 * tall, bottom + _NECK * tall, bottom + _NECK * tall])
    for px, py in (head, (x, y), (neck_x, neck_y)):
        polygon = np.asarray(px)[:, None] * across + np.asarray(py)[:, None] * down
        cv2.fillPoly(mask, [np.rint(polygon * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(bool)


def fingerprint(image: Pixels) -> str:
    """A short name of a source picture uint8 ``[H,W,3]``: 16 digits of the SHA-256 of its size and pixels."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()[:16]


def masks_sha256(folder: Path) -> str:
    """Hash of all masks in a folder, by their names; that of nothing where there are none."""
    masks = [f"{path.name} {sha256(path)}" for path in sorted(Path(folder).glob("*.png"))]
    return hashlib.sha256("\n".join(masks).encode()).hexdigest()


def read_mask(folder: Path, image: Pixels) -> NDArray[np.bool_]:
    """The user's mask of a source: ``folder/FINGERPRINT.png``, white where the head is, of the size of the source.

    Raises :class:`InputError` naming the file that is wanted.
    """
    path = Path(folder) / f"{fingerprint(image)}.png"
    stored = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    height, width = image.shape[:2]
    if stored is None:
        raise InputError(
            f"there is no mask {path} for this source ({width}x{height}); put the face parser's mask there as a "
            "black and white PNG, or use mask='mesh'."
        )
    if stored.shape != (height, width):
        raise InputError(f"{path} is {stored.shape[1]}x{stored.shape[0]}; the source is {width}x{height}.")
    return np.asarray(stored) > 127
