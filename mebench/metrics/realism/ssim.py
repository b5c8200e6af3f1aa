"""Structural similarity, mean over frames."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mebench.metrics.contract import MetricFacts
from mebench.metrics.sample import Sample, is_grey

WINDOW, SIGMA = 11, 1.5
C1, C2 = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2
"""Window and constants of Wang et al. 2004, section III-C: 11 x 11 circular Gaussian, sigma 1.5, K1 = .01, K2 = .03."""

_LANES = 16
"""A multiple of the numbers that a processor handles at once."""


class Ssim:
    """SSIM of each frame over RGB channels and the pixels whose window lies inside the frame; mean over frames."""

    facts = MetricFacts(
        name="ssim",
        version=1,
        family="realism",
        unit="",
        direction="higher",
        ceiling=1.0,
        floor=None,
        worst=-1.0,
        networks=(),
        summary="Structural similarity to the reference clip, mean over frames.",
        source="Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13(4), 2004, eq. 13, Gaussian window",
        decimals=4,
        traps=(
            "A still clip is nearly perfect at the amplitude of a micro-expression.",
            "Libraries differ in window, covariance and colour: numbers of another setting are not comparable.",
        ),
    )

    def score(self, sample: Sample) -> float:
        """Between -1 and 1."""
        output, reference = sample.comparable
        pairs = zip(output, reference, strict=True)
        return float(np.mean([1.0 if np.array_equal(x, y) else frame_ssim(x, y) for x, y in pairs]))


def frame_ssim(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Mean SSIM of two images uint8 ``[H,W,3]``. Equal to scikit-image's ``structural_similarity`` with
    ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=-1``."""
    # Of a grey clip one channel is enough. OpenCV sums the last columns of other widths in another order.
    grey = first.shape[1] % _LANES == 0 and is_grey(first) and is_grey(second)
    x, y = (image[..., 0].astype(np.float64) if grey else image.astype(np.float64) for image in (first, second))
    mean_x, mean_y = _smooth(x), _smooth(y)
    covariance = _smooth(x * y)
    variances = _smooth(np.multiply(x, x, out=x))
    energy_y = _smooth(np.multiply(y, y, out=y))
    # In place, because a fresh array of this size costs as much as the sum that it holds.
    shared = np.multiply(mean_x, mean_y, out=x)
    np.multiply(mean_x, mean_x, out=mean_x)
    np.multiply(mean_y, mean_y, out=mean_y)
    covariance -= shared
    variances -= mean_x
    variances += np.subtract(energy_y, mean_y, out=energy_y)
    means = np.add(mean_x, mean_y, out=mean_x)
    for values, constant in ((shared, C1), (covariance, C2)):
        values *= 2.0
        values += constant
    means += C1
    variances += C2
    shared *= covariance
    means *= variances
    likeness = np.divide(shared, means, out=shared)
    if grey:
        likeness = np.repeat(likeness[..., None], 3, axis=2)  # the mean of three sums in its own order
    border = WINDOW // 2
    return float(likeness[border:-border, border:-border].mean())


def _smooth(image: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(image, (WINDOW, WINDOW), SIGMA, borderType=cv2.BORDER_REFLECT))


METRIC = Ssim()
