"""Single pictures and folders of frames: read with one rule for depth, grey and alpha; written as PNG."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.files import write_bytes

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
"""Pictures that are read, by suffix in lower case."""

LARGEST_SIDE = 16384
"""Pixels. A larger picture or video frame is refused before anything is decoded at that size twice."""


def read_image(path: Path | str) -> Pixels:
    """One picture: uint8 ``[H,W,3]``, RGB.

    Grey is repeated to three channels, 16-bit values are divided by 257 and rounded (65535 becomes 255), alpha is
    dropped without blending, palettes are resolved, the EXIF orientation is applied, CMYK is converted by the decoder.
    Raises :class:`InputError` when the file is missing, is no picture, is cut short, or holds floating-point values.
    """
    path = Path(path)
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise InputError(f"cannot read the picture {path}: {error.strerror}.") from error
    pixels = _decode(data)
    if pixels is None:
        raise InputError(f"{path} is not a picture that can be read; give a png, jpg, bmp or tif file.")
    if max(pixels.shape[:2]) > LARGEST_SIDE:
        raise InputError(f"the picture {path} has a side of more than {LARGEST_SIDE} pixels; make it smaller.")
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise InputError(f"the picture {path} holds {pixels.dtype} values; save it with 8 or 16 bit a channel.")
    if pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    return np.ascontiguousarray(pixels[:, :, 2::-1])


def image_size(path: Path | str) -> tuple[int, int]:
    """Height and width of a picture in pixels as :func:`read_image` gives it. JPEG and PNG files are not decoded for it.

    :class:`InputError` when the file is missing or no picture.
    """
    path = Path(path)
    try:
        with path.open("rb") as handle:
            head = handle.read(1 << 16)
    except OSError as error:
        raise InputError(f"cannot read the picture {path}: {error.strerror}.") from error
    size = _png_size(head) or _jpeg_size(head)
    if size is None:
        height, width = read_image(path).shape[:2]
        size = (height, width)
    return size


def _png_size(head: bytes) -> tuple[int, int] | None:
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        return None
    return int.from_bytes(head[20:24], "big"), int.from_bytes(head[16:20], "big")


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """From the frame header of a JPEG without EXIF, which might turn it; None when it is not found."""
    place = 2
    while head[:2] == b"\xff\xd8" and place + 9 < len(head) and head[place] == 0xFF:
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        if marker == 0xE1 and head[place + 4 : place + 8] == b"Exif":
            return None
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(head[place + 5 : place + 7], "big"), int.from_bytes(
                head[place + 7 : place + 9], "big"
            )
        place += 2 + length
    return None


def list_frames(folder: Path | str) -> list[Path]:
    """The pictures directly in ``folder`` in the order of their names: digits compare as numbers (2 before 10).

    Hidden files and files that are no pictures are passed over. :class:`InputError` when nothing is left.
    """
    folder = Path(folder)
    try:
        found = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    except OSError as error:
        raise InputError(f"cannot read the folder {folder}: {error.strerror}.") from error
    if not found:
        raise InputError(f"the folder {folder} holds no png, jpg, bmp or tif frames; check the path.")
    return sorted(found, key=lambda p: (_natural(p.name), p.name))


def read_folder(folder: Path | str) -> Pixels:
    """All frames of a folder: uint8 ``[T,H,W,3]``, RGB, in the order of :func:`list_frames`.

    :class:`InputError` names the first frame whose size differs, or the first that cannot be read.
    """
    paths = list_frames(folder)
    frames: list[Pixels] = []
    for path in paths:
        frame = read_image(path)
        if frames and frame.shape != frames[0].shape:
            raise InputError(
                f"the frames in {folder} differ in size: {paths[0].name} is {_size(frames[0])}, {path.name} is "
                f"{_size(frame)}; give every frame of a clip the same size."
            )
        frames.append(frame)
    return np.stack(frames)


def png_bytes(image: Pixels) -> bytes:
    """PNG of uint8 ``[H,W,3]`` RGB; the same pixels give the same bytes with one version of OpenCV."""
    ok, data = cv2.imencode(".png", np.ascontiguousarray(image[:, :, ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not ok:
        raise InputError(f"a picture of the shape {list(image.shape)} cannot be written as PNG.")
    return bytes(data.tobytes())


def write_png(path: Path | str, image: Pixels) -> None:
    """Write uint8 ``[H,W,3]`` RGB as PNG, whole or not at all."""
    write_bytes(Path(path), png_bytes(image))


def _decode(data: Pixels) -> np.ndarray | None:
    """What OpenCV makes of the bytes: ``[H,W]`` or ``[H,W,C]`` BGR, native depth; None when it is no picture."""
    if data.size == 0:
        return None
    try:
        return cv2.imdecode(data, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    except cv2.error:
        return None


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key: runs of digits as numbers, everything else as lower-case text."""
    parts: list[tuple[int, int, str]] = []
    run = ""
    for character in f"{name.lower()}\0":
        if run and character.isdecimal() != run[-1].isdecimal():
            parts.append((0, int(run), "") if run.isdecimal() else (1, 0, run))
            run = ""
        run += character
    return tuple(parts)


def _size(image: Pixels) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
