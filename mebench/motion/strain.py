"""Optical strain: how much a flow field stretches and shears the skin.

Shreve et al., "Macro- and Micro-expression Spotting in Long Videos using Spatio-temporal Strain", FG 2011: from the
displacement (u, v), ``exx = du/dx``, ``eyy = dv/dy``, ``exy = (du/dy + dv/dx) / 2`` and the magnitude
``sqrt(exx^2 + eyy^2 + 2 exy^2)``.
"""

from __future__ import annotations

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.errors import ConfigError
from mebench.motion.flow import Flow

StrainVariant = Literal["textbook", "central", "reference"]
"""``textbook``: the formula above with 3x3 Sobel sums (not divided by 8) and zeros outside the image.
``central``: the same with central differences per pixel, one-sided at the border; a physical strain.
``reference``: what the MEB library computes and the published detectors were trained on: the axes are exchanged and the
two shear terms are squared before they are added, ``sqrt((Sy u)^2 + (Sx v)^2 + ((Sx u)^2 + (Sy v)^2) / 2)``."""

STRAIN_VARIANTS: tuple[StrainVariant, ...] = get_args(StrainVariant)


def optical_strain(flow: Flow, variant: StrainVariant = "textbook") -> NDArray[np.float32]:
    """Strain magnitude of a flow field ``[H,W,2]`` (pixels, x then y): float32 ``[H,W]``.

    Raises :class:`ConfigError` for an unknown variant.
    """
    if variant not in STRAIN_VARIANTS:
        raise ConfigError(f"there is no strain '{variant}'; known: {', '.join(STRAIN_VARIANTS)}.")
    across, down = _differences if variant == "central" else _sobel
    u, v = flow[..., 0].astype(np.float64), flow[..., 1].astype(np.float64)
    if variant == "reference":
        squared = down(u) ** 2 + across(v) ** 2 + 0.5 * (across(u) ** 2 + down(v) ** 2)
    else:
        shear = 0.5 * (down(u) + across(v))
        squared = across(u) ** 2 + down(v) ** 2 + 2.0 * shear**2
    return np.sqrt(squared).astype(np.float32)


def _sobel_across(field: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.Sobel(field, cv2.CV_64F, 1, 0, ksize=3, borderType=cv2.BORDER_CONSTANT))


def _sobel_down(field: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.Sobel(field, cv2.CV_64F, 0, 1, ksize=3, borderType=cv2.BORDER_CONSTANT))


_sobel = (_sobel_across, _sobel_down)
_differences = (lambda field: np.gradient(field, axis=1), lambda field: np.gradient(field, axis=0))
