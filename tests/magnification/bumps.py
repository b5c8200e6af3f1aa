"""Synthetic micro motion: exact warps of a photograph by smooth displacement fields of known size."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from skimage.data import astronaut

SIDE = 256


def face() -> NDArray[np.float32]:
    """The portrait that ships with scikit-image, cropped to the face: float32 ``[256,256,3]`` in [0,1]."""
    crop = astronaut()[0:200, 125:325]
    return np.clip(cv2.resize(crop.astype(np.float32) / 255.0, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), 0, 1)


def field(seed: int, amplitude: float) -> NDArray[np.float32]:
    """Sum of four Gaussian bumps (deviation 14 to 28 px) in the face, at most ``amplitude`` px: ``[256,256,2]``."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    total = np.zeros((SIDE, SIDE, 2), np.float32)
    for _ in range(4):
        centre, width = rng.uniform(90, 170, 2), rng.uniform(14, 28)
        bump = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * width**2))
        total += bump[..., None] * rng.normal(size=2).astype(np.float32)
    return (total * amplitude / np.hypot(*total.T).max()).astype(np.float32)


def warped(image: NDArray[np.float32], displacement: NDArray[np.float32]) -> NDArray[np.float32]:
    """``image(y - d(y))``: features move by ``d``, on the grid of the result; cubic, rounded to 8 bit."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    moved = cv2.remap(
        image, x - displacement[..., 0], y - displacement[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return (np.round(np.clip(moved, 0, 1) * 255.0) / 255.0).astype(np.float32)


def clip(*frames: NDArray[np.float32]) -> torch.Tensor:
    """Frames ``[H,W,3]`` to a clip ``[T,3,H,W]``."""
    return torch.from_numpy(np.stack(frames)).movedim(-1, 1).contiguous()


def image(frame: torch.Tensor) -> NDArray[np.uint8]:
    """``[3,H,W]`` in [0,1] to uint8 ``[H,W,3]``."""
    return (frame * 255).round().to(torch.uint8).movedim(0, -1).contiguous().numpy()


def psnr(a: torch.Tensor, b: torch.Tensor, where: NDArray[np.bool_]) -> float:
    """dB between two frames ``[3,H,W]`` inside a mask."""
    return float(-10 * torch.log10(((a - b)[:, torch.from_numpy(where)] ** 2).mean()))
