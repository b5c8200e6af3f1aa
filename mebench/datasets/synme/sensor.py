"""What the recording does to a clean image: grey, native size, noise, 8 bit, JPEG, and back to the frame's size.

The noise is a pure function of a 64-bit key: SplitMix64 (Steele, Lea & Flood, OOPSLA 2014) run as a counter gives the
words, and each 16-bit field of a word picks a quantile of the normal distribution from a table. No library's random
distribution takes part, so the noise does not change with the version of numpy.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from mebench.datasets.synme.texture_noise import mix, quantiles

Image = NDArray[np.float32]

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G, B in the grey value (ITU-R BT.601), as JPEG and the grey cameras' drivers use them."""

NOISE_FLOOR = 0.4
"""Share of the noise that does not depend on the light (read noise); the rest grows with the root of the value."""


class Recording(Protocol):
    """The part of a capture that the sensor needs.

    native: width of the frame in the recording, pixels; only a smaller one than the frame's matters.
    noise: standard deviation at value 1. jpeg: quality 1-100. grey: no colour.
    """

    @property
    def native(self) -> int: ...
    @property
    def noise(self) -> float: ...
    @property
    def jpeg(self) -> int: ...
    @property
    def grey(self) -> bool: ...


def capture_frame(clean: Image, capture: Recording, key: int) -> NDArray[np.uint8]:
    """The delivered frame: uint8 ``[S,S,3]``, RGB (grey repeated to three channels).

    clean: float32 ``[S,S,3]`` display-referred in [0,1]. key: 64-bit noise key, another one for every frame.
    The standard deviation of the noise is ``capture.noise * (0.4 + 0.6 sqrt(value))``.
    """
    size = clean.shape[0]
    image = _native(clean, capture)
    eight_bit = add_noise(image, float(capture.noise), np.uint64(key & 0xFFFFFFFFFFFFFFFF), quantiles())
    return _enlarge(_jpeg(eight_bit, int(capture.jpeg)), size)


def clean_frame(clean: Image, capture: Recording) -> NDArray[np.uint8]:
    """The same as :func:`capture_frame` without noise and JPEG: uint8 ``[S,S,3]``."""
    return _enlarge(quantise(_native(clean, capture)), clean.shape[0])


def quantise(image: Image) -> NDArray[np.uint8]:
    """Round values in [0,1] to 8 bit, same shape."""
    return np.asarray(np.clip(np.rint(image * 255.0), 0, 255), np.uint8)


@njit(cache=True)
def add_noise(
    image: NDArray[np.float32], sigma: float, key: np.uint64, quantiles: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Add signal-dependent Gaussian noise to ``image`` [H,W,C] in [0,1] and round to 8 bit."""
    height, width, channels = image.shape
    out = np.empty((height, width, channels), np.uint8)
    state = mix(key)
    word = np.uint64(0)
    left = 0
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                if left == 0:
                    state += np.uint64(0x9E3779B97F4A7C15)
                    word = mix(state)
                    left = 4
                value = np.float64(image[y, x, c])
                spread = sigma * (NOISE_FLOOR + (1.0 - NOISE_FLOOR) * np.sqrt(max(value, 0.0)))
                value += spread * quantiles[np.int64(word & np.uint64(0xFFFF))]
                word >>= np.uint64(16)
                left -= 1
                out[y, x, c] = np.uint8(min(max(value * 255.0 + 0.5, 0.0), 255.0))
    return out


def _native(clean: Image, capture: Recording) -> Image:
    """Grey if the camera is, and the native size if that is smaller: float32 ``[h,w,1 or 3]``."""
    image = np.ascontiguousarray(clean, np.float32)
    if capture.grey:
        image = (image @ np.asarray(LUMA, np.float32))[:, :, None]
    native = int(capture.native)
    if native < image.shape[0]:
        image = cv2.resize(image, (native, native), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image.reshape(image.shape[0], image.shape[1], -1), np.float32)


def _jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Through JPEG and back: uint8 ``[h,w,1 or 3]``."""
    colour = image.shape[2] == 3
    stored = image[:, :, ::-1] if colour else image
    _, coded = cv2.imencode(".jpg", np.ascontiguousarray(stored), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE)
    assert decoded is not None  # what imencode wrote can be read
    return np.asarray(decoded[:, :, ::-1] if colour else decoded[:, :, None], np.uint8)


def _enlarge(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Back to the frame's size by bicubic interpolation, three channels: uint8 ``[size,size,3]``."""
    if image.shape[0] < size:
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC).reshape(size, size, -1)
    if image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    return np.ascontiguousarray(image)
