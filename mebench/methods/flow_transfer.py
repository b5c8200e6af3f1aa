"""What a sceptic tries first: the driver's optical flow carried to the source by landmarks. Nothing is learned."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Driving, Generated, Source
from mebench.motion.carry import Correspondence
from mebench.motion.flow import DisFine, Flow, FlowEstimator, flows_from
from mebench.motion.landmarks import face_mesh
from mebench.motion.warp import inverse_displacement, warp


class FlowTransfer:
    """Measures the driver's flow from its onset, carries it to the source through the 468-point face mesh, and warps.

    Inside the face the flow is smoothed (Gaussian, ``smoothing`` pixels at 256 px) against estimation noise and carried
    point by point; its affine part (the head's motion) is carried to the whole head and fades out around it.
    """

    name = "flow-transfer"

    def __init__(self, smoothing: float = 2.0) -> None:
        self._smoothing = smoothing
        self._estimator: FlowEstimator = DisFine()
        self._driver: tuple[str, Flow, NDArray[np.float32]] | None = None

    def generate(self, source: Source, driving: Driving) -> Generated:
        flows, points = self._measured(driving)
        image = _pixels(source.image)
        carry = Correspondence(face_mesh(image).points, points, image.shape[:2], flows.shape[1:3])
        frames = [self._frame(source.image, carry.displacement(flow)) for flow in flows]
        return Generated(torch.stack(frames), {"flow": self._estimator.name})

    def facts(self) -> dict[str, Any]:
        return {"learned": False, "flow": self._estimator.name, "smoothing": self._smoothing}

    def _measured(self, driving: Driving) -> tuple[Flow, NDArray[np.float32]]:
        if self._driver is None or self._driver[0] != driving.key:
            frames = _pixels(driving.frames)
            flows = flows_from(frames, driving.onset, self._estimator)
            sigma = self._smoothing * frames.shape[1] / 256.0
            smooth = np.stack([cv2.GaussianBlur(flow, (0, 0), sigma) for flow in flows]) if sigma > 0 else flows
            self._driver = (driving.key, smooth, face_mesh(frames[driving.onset]).points)
        return self._driver[1], self._driver[2]

    def _frame(self, image: torch.Tensor, displacement: Flow) -> torch.Tensor:
        forward = torch.from_numpy(displacement).permute(2, 0, 1)[None]
        return warp(image[None], inverse_displacement(forward), mode="bicubic")[0].clamp(0.0, 1.0)


def _pixels(frames: torch.Tensor) -> NDArray[np.uint8]:
    return (frames * 255.0).round().to(torch.uint8).movedim(-3, -1).contiguous().numpy()
