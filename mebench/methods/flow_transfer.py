"""What a sceptic tries first: the driver's optical flow carried to the source by landmarks. Nothing is learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.clip import Driving, Generated, Pixels, Source
from mebench.motion.carry import Correspondence
from mebench.motion.flow import DisFine, Flow, FlowEstimator, grey
from mebench.motion.landmarks import face_mesh
from mebench.motion.warp import inverse_displacement, warp

_RATIO_SMOOTHING = 3.0
"""px at 256: width of the Gaussian under which brightness is compared, against noise. Of 2, 3 and 5 px on validation
identities, 3 came closest to the true picture."""

_DARKEST = 8.0
"""Grey levels added to both sides of a ratio, so that noise in black hair does not become light."""

_LARGEST = 1.0
"""Of a logarithmic ratio; beyond it the flow has failed."""


@dataclass(frozen=True, eq=False)
class _Measured:
    """Of one driver: flow ``[T,H,W,2]`` px and logarithmic brightness ratio ``[T,H,W]``, from the onset to each frame, on
    the grid of the onset; and its mesh."""

    key: str
    flows: Flow
    ratios: NDArray[np.float32]
    points: NDArray[np.float32]


class FlowTransfer:
    """Measures the driver's flow from its onset, carries it to the source through the 468-point face mesh, and warps.

    Flow is estimated on frames blurred against noise (``denoising``, Gaussian, pixels at 256 px), both ways, and the two
    are averaged (``both_ways``), which lets their errors cancel in part. Inside the face it is smoothed (``smoothing``) and carried point by
    point; its affine part (the head's motion) is carried to the whole head and fades out around it.

    What motion does not explain (furrows, teeth, lids) is carried as a ratio of brightness, between the frame moved back
    and the onset frame, after Liu, Shan, Zhang, "Expressive Expression Mapping with Ratio Images", SIGGRAPH 2001; its
    logarithm counts ``shade`` times, as part of it is noise.
    """

    name = "flow-transfer"

    def __init__(
        self, smoothing: float = 2.0, denoising: float = 0.8, both_ways: bool = True, shade: float = 0.5
    ) -> None:
        self._smoothing = smoothing
        self._denoising = denoising
        self._both_ways = both_ways
        self._shade = shade
        self._estimator: FlowEstimator = DisFine()
        self._driver: _Measured | None = None

    def generate(self, source: Source, driving: Driving) -> Generated:
        if self._driver is None or self._driver.key != driving.key:
            self._driver = self._measured(driving)
        driver = self._driver
        image = _pixels(source.image)
        carry = Correspondence(face_mesh(image).points, driver.points, image.shape[:2], driver.ratios.shape[1:])
        frames = [
            self._frame(source.image, carry.displacement(flow), self._shade * carry.deviation(ratio))
            for flow, ratio in zip(driver.flows, driver.ratios, strict=True)
        ]
        return Generated(torch.stack(frames), {"flow": self._estimator.name})

    def facts(self) -> dict[str, Any]:
        return {
            "learned": False,
            "flow": self._estimator.name,
            "smoothing": self._smoothing,
            "denoising": self._denoising,
            "both_ways": self._both_ways,
            "shade": self._shade,
        }

    def _measured(self, driving: Driving) -> _Measured:
        frames = _pixels(driving.frames)
        scale = frames.shape[1] / 256.0
        onset = frames[driving.onset]
        flows = np.zeros((*frames.shape[:3], 2), dtype=np.float32)
        ratios = np.zeros(frames.shape[:3], dtype=np.float32)
        for index, frame in enumerate(frames):
            if index != driving.onset:
                flows[index] = _blurred(self._flow(onset, frame, scale), self._smoothing * scale)
                ratios[index] = _ratio(onset, frame, flows[index], scale)
        return _Measured(driving.key, flows, ratios, face_mesh(onset).points)

    def _flow(self, onset: Pixels, frame: Pixels, scale: float) -> Flow:
        first, second = (_blurred(grey(image), self._denoising * scale) for image in (onset, frame))
        there = self._estimator(first, second)
        if not self._both_ways:
            return there
        return np.asarray((there - _moved(self._estimator(second, first), there)) / 2.0, dtype=np.float32)

    def _frame(self, image: torch.Tensor, displacement: Flow, shade: NDArray[np.float32]) -> torch.Tensor:
        back = inverse_displacement(torch.from_numpy(displacement).permute(2, 0, 1)[None])
        light = torch.exp(warp(torch.from_numpy(shade)[None, None], back))
        return (warp(image[None], back, mode="bicubic") * light)[0].clamp(0.0, 1.0)


def _ratio(onset: Pixels, frame: Pixels, flow: Flow, scale: float) -> NDArray[np.float32]:
    """Logarithm of the frame's brightness over that of the onset frame, point by point of the face: ``[H,W]``."""
    first, second = (grey(image).astype(np.float32) for image in (onset, frame))
    sigma = _RATIO_SMOOTHING * scale
    now, before = (_blurred(image, sigma) + _DARKEST for image in (_moved(second, flow), first))
    return np.asarray(np.log(now / before).clip(-_LARGEST, _LARGEST), dtype=np.float32)


def _moved(field: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """``field(p + flow(p))``, bilinear."""
    y, x = np.mgrid[0 : flow.shape[0], 0 : flow.shape[1]].astype(np.float32)
    moved = cv2.remap(field, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


def _blurred(image: NDArray[Any], sigma: float) -> NDArray[Any]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma)) if sigma > 0 else image


def _pixels(frames: torch.Tensor) -> Pixels:
    return (frames * 255.0).round().to(torch.uint8).movedim(-3, -1).contiguous().numpy()
