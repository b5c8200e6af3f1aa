"""The magnified panels: each frame, with the expression in it enlarged. A visual aid; no score is computed from it.

Measured flow from the onset frame is split into the head's motion (its affine part over the face) and the rest, the
expression. The rest, smoothed and kept to the face, moves every frame further by ``factor - 1`` times itself, so that
the expression is ``factor`` times as large while head, noise and flicker stay as they are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.clip import Pixels
from mebench.motion.align import fit_affine
from mebench.motion.flow import Flow, FlowEstimator, flows_from

FACTORS = (2, 3, 4, 6, 8, 10, 12, 16)
"""Round factors. 16 is the largest to which flow-and-warp magnification was found to be accurate."""

TARGET = 7.0 / 256.0
"""Peak displacement that magnification aims at, as a share of the picture's side: the upper end of ordinary
expressions, 3 to 7 px at 256 px."""

_SMOOTHING = 3.0 / 256.0
"""Standard deviation of the Gaussian on the flow, as a share of the side: below the smallest facial feature that
moves by itself (a lip corner), above the grain of sensor noise."""

_FADE = 10.0 / 256.0
"""Width, as a share of the side, over which the magnification ends at the edge of the face."""


class DisQuick:
    """Dense inverse search, ultrafast preset at full resolution: 0.07 px mean error where the fine setting has 0.06 px
    (a portrait moved by 1.2 px with noise of 2 levels, both smoothed), in a quarter of the time."""

    name = "dis-quick"

    def __call__(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Flow:
        return np.asarray(_dis().calc(first, second, None), dtype=np.float32)


@cache
def _dis() -> Any:
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    estimator.setFinestScale(0)
    return estimator


def expression(frames: Pixels, onset: int, face: NDArray[np.bool_], estimator: FlowEstimator | None = None) -> Flow:
    """Motion of the expression alone: float32 ``[T,S/2,S/2,2]`` in pixels of the full size, zero at the onset.

    frames: uint8 ``[T,S,S,3]``. face: bool ``[S,S]``, the face on the onset frame.
    """
    side = frames.shape[1]
    half = (max(side // 2, 1), max(frames.shape[1] // 2, 1))
    sparse = np.zeros_like(face)
    sparse[::4, ::4] = face[::4, ::4]  # one pixel in sixteen fixes six numbers as well as all of them
    fitted = sparse.sum() >= 3
    fade = _fade(face, _FADE * side)
    fields = []
    for flow in flows_from(frames, onset, estimator or DisQuick()):
        moved = cv2.GaussianBlur(flow, (0, 0), max(_SMOOTHING * side, 0.5)) if flow.any() else flow
        if fitted:
            moved -= fit_affine(moved, sparse).field(*moved.shape[:2])
        for axis in range(2):  # by planes: numpy is slow where the last axis is two long
            moved[..., axis] *= fade
        fields.append(cv2.resize(moved, half, interpolation=cv2.INTER_AREA))
    result = np.stack(fields).astype(np.float32)
    result[onset] = 0.0
    return result


def peak(motion: Flow, onset: int, offset: int) -> float:
    """Largest displacement of an expression in pixels: 99th percentile over the picture, largest over its frames."""
    lengths = np.hypot(motion[onset + 1 : offset + 1, ..., 0], motion[onset + 1 : offset + 1, ..., 1])
    return float(np.percentile(lengths.reshape(len(lengths), -1), 99, axis=1).max()) if len(lengths) else 0.0


def factor_for(displacement: float, side: int) -> int:
    """The round factor that brings ``displacement`` (pixels) closest to :data:`TARGET` of ``side``."""
    if displacement <= 0.0:
        return FACTORS[-1]
    wanted = TARGET * side / displacement
    return min(FACTORS, key=lambda factor: abs(np.log(factor / wanted)))


def magnify(frames: Pixels, motion: Flow, factor: float) -> Pixels:
    """``frames`` (uint8 ``[T,S,S,3]``) with ``motion`` (of :func:`expression`) ``factor`` times as large."""
    height, width = frames.shape[1:3]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    magnified = np.empty_like(frames)
    for index, frame in enumerate(frames):
        back = cv2.resize(_inverse((factor - 1.0) * motion[index], width), (width, height))
        magnified[index] = cv2.remap(
            frame, x + back[..., 0], y + back[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    return magnified


def _inverse(forward: Flow, full_width: int, rounds: int = 5) -> Flow:
    """The backward field ``b(q) = -forward(q + b(q))`` by fixed-point iteration. Displacements count pixels of a
    picture ``full_width`` wide, the grid is coarser."""
    height, width = forward.shape[:2]
    coarse = np.float32(width / full_width)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    back = -forward
    for _ in range(rounds):
        back = -cv2.remap(
            forward,
            x + coarse * back[..., 0],
            y + coarse * back[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return back


def _fade(face: NDArray[np.bool_], width: float) -> NDArray[np.float32]:
    """1 on the face, falling to 0 within ``width`` pixels outside it."""
    away = cv2.distanceTransform((~face).astype(np.uint8), cv2.DIST_L2, 5)
    return np.clip(1.0 - away / max(width, 1.0), 0.0, 1.0).astype(np.float32)
