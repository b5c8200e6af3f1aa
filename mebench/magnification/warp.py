"""Magnification without learned weights: measured flow, its expression part enlarged, the frame warped by it."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.magnification.compose import scaled_expression
from mebench.magnification.contract import Factor, check_request, nothing_to_do, per_pixel
from mebench.magnification.measured import field, measure, pixels
from mebench.motion.flow import Flow
from mebench.motion.flow_networks import load_flow
from mebench.motion.region import FaceRegion, face_region

_TUNED_SIZE = 256


class FlowWarp:
    """The default magnifier where no weights are wanted.

    Flow from the reference to each frame (DIS, fine); its affine part inside the face, the head's motion, stays as it
    is; the rest is smoothed inside the face and multiplied. The frame itself is moved, not the reference, so that
    current light and shading stay. At half a pixel of motion under sensor noise and head motion this does not beat
    leaving the frame as it is.

    smoothing: standard deviation of a Gaussian in pixels at 256 px, 0 for none. keep_head: with False all motion of the
    picture is multiplied, unsmoothed by any face mask. flow: the estimator, see
    :func:`~mebench.motion.flow_networks.load_flow`.
    """

    name = "warp"
    factors = (1.0, 64.0)

    def __init__(self, smoothing: float = 3.0, keep_head: bool = True, flow: str = "dis-fine") -> None:
        self._smoothing = smoothing
        self._keep_head = keep_head
        self._estimator = load_flow(flow)
        self.flow = self._estimator.name
        self.flow_sha256 = getattr(self._estimator, "weights_sha256", None)

    def magnify(
        self, frames: torch.Tensor, factor: Factor, reference: int, face: FaceRegion | None = None
    ) -> torch.Tensor:
        """See :class:`~mebench.magnification.contract.Magnifier`."""
        check_request(self, frames, factor, reference)
        if nothing_to_do(factor):
            return frames.clone()
        first = pixels(frames[reference])
        region = (face or face_region(first)) if self._keep_head else None
        magnified = frames.clone()
        for index in range(frames.shape[0]):
            if index != reference:
                whole, expression = self._motion(first, pixels(frames[index]), region)
                moved = scaled_expression(
                    frames[index][None], field(whole), field(expression), per_pixel(factor), mode="bicubic"
                )
                magnified[index] = moved[0].clamp(0.0, 1.0)
        return magnified

    def _motion(
        self, first: NDArray[np.uint8], second: NDArray[np.uint8], region: FaceRegion | None
    ) -> tuple[Flow, Flow]:
        sigma = self._smoothing * max(first.shape) / _TUNED_SIZE
        if region is None:
            flow = self._estimator(first, second)
            return flow, smoothed(flow, np.ones(first.shape[:2], dtype=np.float32), sigma)
        measured = measure(first, second, region, self._estimator)
        return measured.flow, smoothed(measured.flow - measured.head, region.weight, sigma)


def smoothed(flow: Flow, weight: NDArray[np.float32], sigma: float) -> Flow:
    """Gaussian smoothing that looks at weighted pixels alone, faded out by the weight. ``[H,W,2]``, sigma in pixels."""
    if sigma <= 0.0:
        return flow * weight[..., None]
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    blurred = cv2.GaussianBlur(flow * weight[..., None], (0, 0), sigma)
    return np.asarray(blurred / np.maximum(total, 1e-6)[..., None] * weight[..., None], dtype=np.float32)
