"""Where two flow fields agree: the forward-backward check."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.motion.flow import Flow

RELATIVE, ABSOLUTE = 0.01, 0.5
"""Sundaram, Brox, Keutzer, "Dense Point Trajectories by GPU-accelerated Large Displacement Optical Flow", ECCV 2010,
eq. 5: px^2 allowed for each px^2 of motion, and in any case."""


def consistent(flow: Flow, opposite: Flow) -> NDArray[np.bool_]:
    """True where following ``flow`` and then ``opposite`` leads back: bool ``[H,W]`` on the grid of ``flow``.

    flow, opposite: float32 ``[H,W,2]`` pixels, from a to b and from b to a.
    ``|f + o(p + f)|^2 <= 0.01 (|f|^2 + |o|^2) + 0.5``; false where the flow leaves the frame.
    """
    height, width = flow.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    to_x, to_y = x + flow[..., 0], y + flow[..., 1]
    back = cv2.remap(opposite, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (to_x >= 0) & (to_x <= width - 1) & (to_y >= 0) & (to_y <= height - 1)
    error = _squared(flow + back)
    allowed = RELATIVE * (_squared(flow) + _squared(back)) + ABSOLUTE
    return np.asarray(inside & (error <= allowed))


def _squared(flow: Flow) -> NDArray[np.float32]:
    """Squared length. A sum along an axis of two is slow in numpy."""
    return np.asarray(flow[..., 0] ** 2 + flow[..., 1] ** 2)


def soft(mask: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    """The mask with a smooth edge, so that a picture blended by it shows no seam: float32 ``[H,W]`` in [0,1].

    sigma: width of the edge in pixels; the mask is shrunk by as much first.
    """
    reach = 2 * max(round(sigma), 1) + 1
    shrunk = cv2.erode(mask.astype(np.float32), np.ones((reach, reach), np.uint8))
    return np.asarray(cv2.GaussianBlur(shrunk, (0, 0), sigma), dtype=np.float32)
