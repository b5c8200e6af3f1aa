"""Motion of two identities without a true answer: the driver's flow is carried to the shape of the source."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from moving_face import ONSET

from mebench.errors import Unavailable
from mebench.metrics.motion.gain import METRIC as GAIN
from mebench.metrics.motion.profile import METRIC as PROFILE
from mebench.metrics.realism.psnr import METRIC as PSNR

SMALLER = np.array([[0.86, 0.06, 16.0], [-0.06, 0.86, 24.0]])
"""The driver is the same face, smaller, turned and elsewhere in the picture: another shape with known motion."""


def as_driver(frames):
    return np.stack(
        [cv2.warpAffine(f, SMALLER, (256, 256), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE) for f in frames]
    )


def crossed(laboratory, output):
    sample = laboratory.sample(output)
    driving = as_driver(laboratory.truth_frames)
    return replace(sample, driving=driving, truth=None, same_identity=False, known_reference_flows=None)


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_known_gains(gain, laboratory):
    sample = crossed(laboratory, laboratory.output(gain=gain))
    assert GAIN.score(sample) == pytest.approx(gain, rel=0.15)
    assert PROFILE.score(sample) > 0.97


def test_a_still_clip_gets_the_worst_value(laboratory):
    assert GAIN.score(crossed(laboratory, laboratory.still())) == GAIN.facts.worst


def test_the_field_has_the_size_of_the_source(laboratory):
    """The driver's face is 0.86 times as large: its motion is enlarged by as much when it is carried."""
    sample = crossed(laboratory, laboratory.still())
    own = laboratory.sample(laboratory.still()).reference_flows
    brows = (slice(96, 114), slice(98, 112))
    apex = sample.apex
    assert sample.reference_flows[apex][brows].mean() == pytest.approx(own[apex][brows].mean(), rel=0.15)
    assert not sample.reference_flows[ONSET].any()


def test_pixels_are_not_compared(laboratory):
    with pytest.raises(Unavailable, match="no true answer"):
        PSNR.score(crossed(laboratory, laboratory.still()))
