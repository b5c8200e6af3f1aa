"""Flow fields as vectors, and what is taken out of them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.metrics.sample import Sample
from mebench.motion.flow import Flow, grey

Fields = NDArray[np.float64]
"""Flow on N chosen pixels of T frames: float64 ``[T,2N]``, all x, then all y."""

BACKGROUND_DISTANCE = 0.5
"""In inter-ocular distances: pixels farther than this from the face are background. Nearer ones carry the face's own
motion, which flow estimators spread a little."""

TEXTURE, TEXTURE_SIGMA = 3.0, 3.0
"""Background counts where the grey-level gradient is at least 3 a pixel (root mean square, Gaussian window of sigma 3
pixels): on a blank wall the flow is noise and its motion is not seen."""

SCHARR = 32.0
"""Sum of the weights of a Scharr kernel times its step: makes it a gradient per pixel."""


def pixels(flows: Flow, mask: NDArray[np.bool_]) -> Fields:
    """The flow ``[T,H,W,2]`` on the pixels of a mask ``[H,W]``: float64 ``[T,2N]``, all x, then all y."""
    return np.concatenate((flows[:, mask, 0], flows[:, mask, 1]), axis=1).astype(np.float64)


def affine_basis(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Orthonormal basis ``[2N,6]`` of the affine motions of the pixels of a mask."""
    rows, columns = np.nonzero(mask)
    plane = np.stack((np.ones(len(rows)), columns - columns.mean(), rows - rows.mean()), axis=1)
    plane, _ = np.linalg.qr(plane)
    return np.kron(np.eye(2), plane)


def without(fields: Fields, basis: NDArray[np.float64]) -> Fields:
    """Each field ``[T,2N]`` minus its part in the span of an orthonormal basis ``[2N,k]``."""
    return np.asarray(fields - (fields @ basis) @ basis.T)


def residual(field: NDArray[np.float64], models: Fields) -> float:
    """Energy that is left of a field ``[2N]`` after its least-squares fit by models ``[k,2N]``."""
    weights, *_ = np.linalg.lstsq(models @ models.T, models @ field, rcond=1e-9)
    return float(np.square(field - weights @ models).sum())


def background(sample: Sample) -> NDArray[np.bool_]:
    """Textured pixels farther than half an inter-ocular distance from the face, bool ``[S,S]``."""
    distance = cv2.distanceTransform((~sample.face).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    image = grey(sample.anchor).astype(np.float64)
    across, down = (cv2.Scharr(image, cv2.CV_64F, *order) / SCHARR for order in ((1, 0), (0, 1)))
    energy = cv2.GaussianBlur(across * across + down * down, (0, 0), TEXTURE_SIGMA)
    return np.asarray((distance > BACKGROUND_DISTANCE * sample.inter_ocular) & (energy >= TEXTURE**2))
