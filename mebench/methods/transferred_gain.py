"""How much of the driver's expression a backbone carries over, measured on its own output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mebench.errors import InputError
from mebench.motion.align import fit_affine
from mebench.motion.carry import Correspondence
from mebench.motion.flow import DisFine, Flow
from mebench.motion.landmarks import face_mesh, inter_ocular, oval_mask

SMALLEST, LARGEST = 0.05, 4.0
"""Gains outside this range are read as a failed measurement and brought to its ends."""

PATCH = 0.73
"""Area over which the residual of the output's motion hangs together, in squared inter-ocular distances: its
autocorrelation falls as exp(-r / 0.34), whose integral is ``2 pi 0.34^2``. Measured on twelve pairs of validation
identities of the six domains with the small FOMM. Each patch holds two independent numbers, x and y."""

_LEAST_CORRELATION = 0.25
"""As in :func:`mebench.magnification.factor.measured_gain`: below it two measurements of the driver's expression share
too little to divide by."""

_APART = 6
"""From this many frames between onset and apex on, neighbouring frames show nearly the same face."""


@dataclass(frozen=True)
class Transferred:
    """gain: what to count with. projection: the least-squares gain along the driver's expression. ratio: the size of
    the output's expression over that of the driver's, whatever its direction. snr: the projection in its standard
    errors."""

    gain: float
    projection: float
    ratio: float
    snr: float


def transferred_gain(generated: torch.Tensor, driving: torch.Tensor, onset: int, apex: int) -> Transferred | None:
    """Gain of the output's expression at the apex over that of the driver, carried over by landmarks.

    generated: float32 ``[T,3,h,w]``, driving: float32 ``[T,3,H,W]``, both in [0,1]. The affine part (head motion) is
    taken out of both fields. None when no face is found in either onset frame, or when the driver does not move.
    """
    first, made = _pixels(driving[onset]), _pixels(generated[onset])
    try:
        points, own = face_mesh(first).points, face_mesh(made).points
    except InputError:
        return None
    estimate = DisFine()
    carry = Correspondence(own, points, made.shape[:2], first.shape[:2])
    mask = oval_mask(own, *made.shape[:2])

    def expression(flow: Flow) -> NDArray[np.float64]:
        return np.asarray((flow - fit_affine(flow, mask).field(*mask.shape))[mask], dtype=np.float64)

    def driven(start: int, end: int) -> NDArray[np.float64]:
        return expression(carry.displacement(estimate(_pixels(driving[start]), _pixels(driving[end]))))

    output = expression(estimate(made, _pixels(generated[apex])))
    others = [driven(*pair) for pair in _neighbours(onset, apex, len(driving))]
    area = float(mask.sum()) / inter_ocular(own) ** 2
    other = np.mean(others, axis=0) if others else None
    return weighed_gain(driven(onset, apex), output, area, other)


def weighed_gain(
    expected: NDArray[np.float64], output: NDArray[np.float64], area: float, other: NDArray[np.float64] | None = None
) -> Transferred | None:
    """The gain of ``output`` over ``expected``, both ``[N,2]``, with a floor where noise hides it.

    The projection ``g = <output, expected> / <expected, expected>`` is drawn towards 0 by noise in ``expected``; with
    another measurement ``other`` of the same expression, whose noise is another, ``<output, other> / <expected, other>``
    is not (Reiersol, Econometrica 9, 1941). Where the output's motion is not the driver's at all, both read about 0, and
    dividing by it would leave that motion at full strength. The true gain then lies between g and its reverse
    ``r^2 / g``, with r the ratio of sizes (Frisch, "Statistical Confluence Analysis", 1934), whose middle on the
    logarithmic scale is r. So ``gain = g^w r^(1-w)``, ``w = snr^2 / (1 + snr^2)``: the projection where it is
    well determined, and, where it is not, the ratio, which ends the output at the driver's own strength.

    ``snr = rho sqrt(n) / sqrt(1 - rho^2)`` with rho the correlation of the two fields and n the number of independent
    values in the face, two a patch of :data:`PATCH`. area: of the face in squared inter-ocular distances.
    None when ``expected`` does not move.
    """
    energy, size, shared = (
        float((a * b).sum()) for a, b in ((expected, expected), (output, output), (expected, output))
    )
    if energy <= 0.0:
        return None
    ratio, projection = math.sqrt(size / energy), shared / energy
    correlation = shared / math.sqrt(energy * size) if size > 0.0 else 0.0
    independent = max(2.0 * area / PATCH, 1.0)
    snr = max(correlation, 0.0) * math.sqrt(independent / max(1.0 - correlation**2, 1e-6))
    if other is not None:
        common = float((expected * other).sum())
        if common > _LEAST_CORRELATION * math.sqrt(energy * float((other**2).sum())) > 0.0:
            projection = float((output * other).sum()) / common
    weight = snr**2 / (1.0 + snr**2)
    logarithm = weight * math.log(max(projection, SMALLEST)) + (1.0 - weight) * math.log(max(ratio, SMALLEST))
    return Transferred(min(max(math.exp(logarithm), SMALLEST), LARGEST), projection, ratio, snr)


def _neighbours(onset: int, apex: int, count: int) -> list[tuple[int, int]]:
    """Pairs of frames that show nearly the faces of onset and apex and share no frame with them or each other."""
    if abs(apex - onset) < _APART:
        return []
    pairs = [(onset - 1, apex - 1), (onset - 2, apex + 1)]
    return [(start, end) for start, end in pairs if start >= 0 and end < count]


def _pixels(frame: torch.Tensor) -> NDArray[np.uint8]:
    return (frame * 255.0).round().clamp(0.0, 255.0).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
