"""Single pictures and folders of frames: read with one rule for depth, grey and alpha; written as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.files import write_bytes

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
"""Pictures that are read, by suffix in lower case."""

LARGEST_SIDE = 16384
"""Pixels. A larger picture or video frame is refused by its header, before anything is decoded."""

MOST_PIXELS = 128 << 20
"""Of one picture or frame: 400 MB decoded. A file of a few kB can state any size."""

MOST_BYTES = 8 << 30
"""Decoded size of a clip in bytes from which on it is refused; micro-expression clips have a few hundred MB at most."""

_LARGEST_FILE = 1 << 30
"""Bytes of a file that is read as a picture."""


def read_image(path: Path | str) -> Pixels:
    """One picture: uint8 ``[H,W,3]``, RGB.

    Grey is repeated to three channels, 16-bit values are divided by 257 and rounded (65535 becomes 255), alpha is
    dropped without blending, palettes are resolved, the EXIF orientation is applied, CMYK is converted by the decoder.
    The kind is told by the content, whatever the name; the size is read from the header before anything is decoded.
    Raises :class:`InputError` when the file is missing, is no picture, is cut short, or holds floating-point values.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(f"the picture {path} holds more than {_LARGEST_FILE >> 20} MB; it is no frame of a clip.")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read the picture {path}: {error.strerror}; connect its disk or check the path."
        ) from error
    stated = stated_size(data)
    if stated is None:
        raise InputError(f"{path} is not a picture that can be read; give a png, jpg, bmp or tif file.")
    if max(stated) > LARGEST_SIDE or stated[0] * stated[1] > MOST_PIXELS:
        raise InputError(
            f"the picture {path} says that it has {stated[1]} x {stated[0]} pixels, more than {LARGEST_SIDE} on a side or "
            f"{MOST_PIXELS >> 20} million in all; make it smaller."
        )
    pixels = _decode(np.frombuffer(data, dtype=np.uint8))
    if pixels is None:
        raise InputError(f"{path} is not a picture that can be read; give a png, jpg, bmp or tif file.")
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
    size = stated_size(head)
    if size is None or not head.startswith((_PNG, _JPEG)) or b"Exif" in head:  # EXIF may turn a picture
        height, width = read_image(path).shape[:2]
        size = (height, width)
    return size


_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


def stated_size(head: bytes) -> tuple[int, int] | None:
    """Height and width that the header of a PNG, JPEG, BMP or TIFF file states, from its first bytes; None when it is none
    of them, or when the header is not whole. Other kinds, which the decoder would read too, are thus refused."""
    if head.startswith(_PNG) and len(head) >= 24:
        return int.from_bytes(head[20:24], "big"), int.from_bytes(head[16:20], "big")
    if head.startswith(_JPEG):
        return _jpeg_size(head)
    if head.startswith(b"BM") and len(head) >= 26:
        return _bmp_size(head)
    if head[:4] in (b"II*\0", b"MM\0*"):
        return _tiff_size(head)
    return None


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """From the frame header."""
    place = 2
    while place + 9 < len(head):
        if head[place] != 0xFF:
            return None
        marker = head[place + 1]
        if marker == 0xFF:  # fill byte
            place += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = head[place + 5 : place + 7], head[place + 7 : place + 9]
            return int.from_bytes(height, "big"), int.from_bytes(width, "big")
        place += (
            2 if marker == 0x01 or 0xD0 <= marker <= 0xD7 else 2 + int.from_bytes(head[place + 2 : place + 4], "big")
        )
    return None


def _bmp_size(head: bytes) -> tuple[int, int]:
    """Of either header; a negative height says that the rows run from above."""
    if int.from_bytes(head[14:18], "little") == 12:
        return int.from_bytes(head[20:22], "little"), int.from_bytes(head[18:20], "little")
    height, width = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (22, 18))
    return abs(height), abs(width)


def _tiff_size(head: bytes) -> tuple[int, int] | None:
    """From the tags ImageWidth (256) and ImageLength (257) of the first directory, where it lies within ``head``."""
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    place = int.from_bytes(head[4:8], order)
    count = int.from_bytes(head[place : place + 2], order)
    found: dict[int, int] = {}
    for at in range(place + 2, min(place + 2 + 12 * count, len(head) - 11), 12):
        tag, kind = int.from_bytes(head[at : at + 2], order), int.from_bytes(head[at + 2 : at + 4], order)
        if tag in (256, 257):
            value = int.from_bytes(head[at + 8 : at + (10 if kind == 3 else 12)], order)
            found[tag] = max(found.get(tag, 0), value)  # of a tag that stands twice, readers take either
    return (found[257], found[256]) if len(found) == 2 else None


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


def read_folder(folder: Path | str, most: int | None = None) -> Pixels:
    """All frames of a folder: uint8 ``[T,H,W,3]``, RGB, in the order of :func:`list_frames`.

    most: frames beyond which the folder is refused before any is read, where it is known how many it must have.

    :class:`InputError` names the first frame whose size differs, or the first that cannot be read.
    """
    paths = list_frames(folder)
    if most is not None and len(paths) > most:
        raise InputError(f"the folder {folder} has {len(paths)} frames, more than {most}.")
    frames: list[Pixels] = []
    for path in paths:
        frame = read_image(path)
        if frames and frame.shape != frames[0].shape:
            raise InputError(
                f"the frames in {folder} differ in size: {paths[0].name} is {_size(frames[0])}, {path.name} is "
                f"{_size(frame)}; give every frame of a clip the same size."
            )
        frames.append(frame)
        if len(frames) * frame.nbytes > MOST_BYTES:
            raise InputError(f"the frames in {folder} take more than {MOST_BYTES >> 30} GiB; cut out the expression.")
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
