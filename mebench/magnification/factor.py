"""How much to magnify, and how much was magnified: sizes of the expression measured on the clip itself."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mebench.errors import InputError
from mebench.magnification.measured import measure, pixels
from mebench.motion.flow import DisFine, Flow, grey
from mebench.motion.region import FaceRegion, face_region

TARGET = 0.0400
"""Size (:func:`expression_size`) of an ordinary expression: median over clips of the training domain, measured with
``mebench train target`` (see :mod:`mebench.training.expression_target`)."""

ALREADY_ORDINARY = 0.6 * TARGET
"""From this size on an expression lies in the range of ordinary ones (about the 10th percentile of six
clips) and is not magnified."""

LARGEST_FACTOR = 16.0
"""FlowMag's training range (arXiv 2311.17056) ends here."""

_PERCENTILE = 95.0
_SMOOTHING = 3.0
"""Standard deviation in pixels at 256 px of the Gaussian that takes the noise out of the measured flow."""

_LEAST_CORRELATION = 0.25

_APART = 6
"""From this many frames between onset and apex on, the neighbours of the apex still show nearly the same face."""


def expression_size(frames: torch.Tensor, onset: int, apex: int, face: FaceRegion | None = None) -> float:
    """How far the expression moves the face at the apex, in inter-ocular distances.

    The 95th percentile over the face of the length of the flow from onset to apex (DIS, fine) without its affine part,
    the head's motion. frames: float32 ``[T,3,H,W]`` in [0,1].

    Sensor noise lengthens flow. Up to three neighbouring frames are averaged at both ends and the flow is smoothed by
    3 px. On rendered clips of the training domain (noise 0.4-2 %, JPEG, head motion) the mean bias that remains is
    below 10 % at peaks of 0.5 and 1 px (without averaging: 67 and 13 %); a clip without any expression measures 0.003
    in the median, a thirteenth of the target.
    Raises :class:`InputError` when onset and apex are no two frames of the clip.
    """
    if not (0 <= onset < frames.shape[0] and 0 <= apex < frames.shape[0]) or onset == apex:
        raise InputError(f"onset {onset} and apex {apex} must be two frames of the clip of {frames.shape[0]} frames.")
    region = face or face_region(pixels(frames[onset]))
    first, last = (_averaged(frames[list(end)]) for end in _ends(onset, apex, frames.shape[0]))
    expression = _expression(first, last, region)
    lengths = np.hypot(*expression[region.mask].T)
    return float(np.percentile(lengths, _PERCENTILE)) / region.inter_ocular


def automatic_factor(
    frames: torch.Tensor,
    onset: int,
    apex: int,
    face: FaceRegion | None = None,
    *,
    target: float = TARGET,
    largest: float = LARGEST_FACTOR,
) -> float:
    """The factor that brings the expression to the size of an ordinary one, between 1 and ``largest``; 1 where it has
    the size of a weak ordinary one already.

    frames: float32 ``[T,3,H,W]`` in [0,1]. target: see :func:`expression_size`.
    """
    return factor_for(expression_size(frames, onset, apex, face), target=target, largest=largest)


def factor_for(size: float, *, target: float = TARGET, largest: float = LARGEST_FACTOR) -> float:
    """The automatic factor of an expression of this size; see :func:`automatic_factor`."""
    if size >= ALREADY_ORDINARY / TARGET * target:
        return 1.0
    return float(np.clip(target / max(size, 1e-6), 1.0, largest))


def measured_gain(
    original: torch.Tensor,
    magnified: torch.Tensor,
    reference: int,
    apex: int,
    face: FaceRegion | None = None,
    *,
    expected: float | None = None,
) -> float:
    """The gain that a magnifier really reached: projection of the magnified expression on the original one.

    ``sum <e_magnified, e_other> / sum <e_original, e_other>`` over the face, e the flow from the reference frame to the
    apex without its affine part, smoothed by 3 px; ``e_other`` is the same expression measured on neighbouring frames,
    whose noise is another. (Projection on ``e_original`` itself divides by its noise: on rendered clips of the training
    domain with a peak of 1 px it finds half of a true gain of 5; this estimate finds 0.99 of it, and 1.01 at 2 px.
    An instrumental variable: Reiersol, "Confluence analysis by means of lag moments", Econometrica 9, 1941.)

    original, magnified: float32 ``[T,3,H,W]``. expected: the nominal factor, given back where noise hides the
    expression (the two measurements correlate by less than 0.25); without it plain projection is used there, and 1
    where nothing moves.
    """
    region = face or face_region(pixels(original[reference]))
    first, last = (grey(pixels(original[index])) for index in (reference, apex))
    own = _expression(first, last, region)[region.mask]
    scaled = _expression(grey(pixels(magnified[reference])), grey(pixels(magnified[apex])), region)[region.mask]
    energy = float((own**2).sum())
    starts, ends = _ends(reference, apex, original.shape[0])
    before, after = (
        [index for index in end if index != skipped] for end, skipped in ((starts, reference), (ends, apex))
    )
    if before and after:
        other = _expression(_averaged(original[before]), _averaged(original[after]), region)[region.mask]
        shared = float((own * other).sum())
        if shared > _LEAST_CORRELATION * np.sqrt(energy * float((other**2).sum())) > 0.0:
            return float((scaled * other).sum()) / shared
        if expected is not None:
            return expected
    return float((own * scaled).sum()) / energy if energy > 0.0 else 1.0


def _ends(onset: int, apex: int, count: int) -> tuple[range, range]:
    """Frames that show the onset face and the apex face: the onset and two before it, the apex and its neighbours."""
    reach = 1 if abs(apex - onset) >= _APART else 0
    return range(max(onset - 2 * reach, 0), onset + 1), range(max(apex - reach, 0), min(apex + reach + 1, count))


def _averaged(frames: torch.Tensor) -> NDArray[np.uint8]:
    """Mean luma of frames ``[n,3,H,W]``: uint8 ``[H,W]``."""
    return grey(pixels(frames.mean(dim=0)))


def _expression(first: NDArray[np.uint8], second: NDArray[np.uint8], region: FaceRegion) -> Flow:
    measured = measure(first, second, region, DisFine())
    sigma = _SMOOTHING * max(first.shape) / 256.0
    return np.asarray(cv2.GaussianBlur(measured.flow - measured.head, (0, 0), sigma), dtype=np.float32)
