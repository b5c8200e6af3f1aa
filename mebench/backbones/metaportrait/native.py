"""The published model's own inputs, supplied by the user: 669 landmarks an image and an identity code a source.

Neither the landmark detector nor the identity encoder was published, so nothing here can compute them. Format of the
folder, at any depth, as in the authors' example data:

    NAME.png         the image exactly as the backbone is given it (8 bit RGB; jpg and bmp may lose the exact pixels)
    NAME_ldmk.npy    float ``[669,2]``: x over the width, y over the height, in the authors' order; values outside [0,1]
                     lie outside the image. It lies beside the image, or in the folder ``ldmks`` beside the image's.
    NAME_id.npy      float ``[256]`` or ``[1,256]``, beside the image; for sources alone

An image is found by its pixels, never by its name: magnified or cropped frames are images of their own. When some are
not in the folder, they are written to ``FOLDER/wanted``; give each its ``_ldmk.npy`` there (sources their ``_id.npy``
too) and start the same command again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.backbones.metaportrait.landmarks import COUNT
from mebench.backbones.metaportrait.refinement import CODE
from mebench.clip import Pixels
from mebench.errors import InputError
from mebench.files import write_bytes
from mebench.weights.locate import sha256 as file_sha256

WANTED = "wanted"
"""Sub-folder for images whose landmarks are still to be supplied."""

_IMAGES = (".png", ".bmp", ".jpg", ".jpeg")
_SHOWN = 12
"""Digits of the fingerprint in the name of a wanted image."""


class NativeInputs:
    """The images, landmarks and codes of one folder; only the pixels' fingerprints are kept in memory."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InputError(
                f"MetaPortrait's native mode reads landmarks and identity codes from the folder {self.folder}, which "
                "does not exist; create it and see docs/metaportrait.md for its format."
            )
        found = sorted(path for path in self.folder.rglob("*") if path.suffix.lower() in _IMAGES)
        self._images = {fingerprint(_read_image(path)): path for path in found}

    def sha256(self) -> str:
        """Hash of every image that has landmarks, with those and its identity code; names do not count."""
        complete = []
        for key, image in sorted(self._images.items()):
            points, code = _landmark_file(image), _code_file(image)
            if points is not None:
                complete.append(f"{key} {file_sha256(points)} {file_sha256(code) if code else None}")
        return hashlib.sha256("\n".join(complete).encode()).hexdigest()

    def landmarks(self, images: Sequence[Pixels], what: str) -> NDArray[np.float32]:
        """``[T,669,2]`` of images uint8 ``[H,W,3]`` RGB. what: their name in messages, such as ``driving clip``.

        Raises :class:`InputError` that names the folder and what to put there.
        """
        keys = [fingerprint(image) for image in images]
        files = [self._beside(key, _landmark_file) for key in keys]
        missing = {key: image for key, image, file in zip(keys, images, files, strict=True) if file is None}
        if missing:
            self._want(missing)
            raise InputError(
                f"{len(missing)} of {len(images)} images of the {what} have no 669 landmarks in {self.folder}; they were "
                f"written to {self.folder / WANTED} (or lie in the folder already): put NAME_ldmk.npy beside each "
                "NAME.png, a [669,2] array of x / width and y / height, and start again."
            )
        return np.stack([_array(path, (COUNT, 2)) for path in files if path is not None])

    def code(self, image: Pixels) -> torch.Tensor:
        """The identity code ``[1,256]`` of a source image uint8 ``[H,W,3]``."""
        key = fingerprint(image)
        path = self._beside(key, _code_file)
        if path is None:
            self._want({key: image})
            known = self._images.get(key)
            name = self.folder / WANTED / f"{key[:_SHOWN]}.png" if known is None else known
            raise InputError(
                f"the source image {name} has no identity code; put {name.stem}_id.npy beside it, the 256 numbers of "
                "the authors' face recogniser (their width is 256; a 512-number code of another recogniser does not fit)."
            )
        return torch.from_numpy(_array(path, (CODE,))).reshape(1, CODE)

    def _beside(self, key: str, find: Callable[[Path], Path | None]) -> Path | None:
        image = self._images.get(key)
        return None if image is None else find(image)

    def _want(self, images: dict[str, Pixels]) -> None:
        for key, image in images.items():
            if key not in self._images:
                coded, png = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
                assert coded
                write_bytes(self.folder / WANTED / f"{key[:_SHOWN]}.png", png.tobytes())


def fingerprint(image: Pixels) -> str:
    """SHA-256 of size and pixels of an image uint8 ``[H,W,3]``."""
    height, width = image.shape[:2]
    return hashlib.sha256(f"{height}x{width} ".encode() + np.ascontiguousarray(image).tobytes()).hexdigest()


def _landmark_file(image: Path) -> Path | None:
    name = f"{image.stem}_ldmk.npy"
    return next(
        (path for path in (image.with_name(name), image.parent.parent / "ldmks" / name) if path.is_file()), None
    )


def _code_file(image: Path) -> Path | None:
    path = image.with_name(f"{image.stem}_id.npy")
    return path if path.is_file() else None


def _read_image(path: Path) -> Pixels:
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{path} cannot be read as an image; remove it or write it again.")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _array(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A ``.npy`` file of numbers, with leading axes of length one dropped."""
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} cannot be read as a NumPy array of numbers ({error}); write it again.") from error
    while array.ndim > len(shape) and array.shape[0] == 1:
        array = array[0]
    if array.shape != shape or array.dtype.kind not in "fiu":
        raise InputError(
            f"{path} holds {array.dtype} {list(array.shape)}, and MetaPortrait's native mode needs numbers {list(shape)}."
        )
    if not np.isfinite(array).all():
        raise InputError(f"{path} holds values that are not finite.")
    return np.asarray(array, np.float32)
