"""Magnify, then demagnify, without a backbone: the clip must come back (errors of the design study, alpha 4 and 8)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from bumps import clip, face, field, image, psnr, warped

from mebench.magnification.flow_blend import FlowBlend
from mebench.magnification.flow_frame import FlowFrame
from mebench.magnification.flow_reference import FlowReference
from mebench.magnification.warp import FlowWarp
from mebench.motion.flow import DisFine

SEEDS = (0, 1)


def displacement_error(a: torch.Tensor, b: torch.Tensor, where) -> float:
    """Mean length in px of the flow between two frames that should be equal."""
    return float(np.hypot(*DisFine()(image(a), image(b))[where].T).mean())


def measured(alpha: float, amplitude: float, run) -> tuple[float, float]:
    """Mean displacement error and PSNR of ``run(micro clip, magnified clip)`` against the micro frame."""
    found = []
    for seed in SEEDS:
        micro = field(seed, amplitude)
        where = np.hypot(micro[..., 0], micro[..., 1]) > 0.1 * amplitude
        still = clip(warped(face(), 0 * micro))[0].movedim(0, -1).numpy()
        small = clip(still, warped(still, micro))
        large = clip(still, warped(still, alpha * micro))
        result = run(small, large)[1]
        found.append((displacement_error(small[1], result, where), psnr(small[1], result, where)))
    return tuple(np.mean(found, axis=0))


@pytest.mark.parametrize(("alpha", "amplitude"), [(4.0, 1.0), (8.0, 0.5)])
@pytest.mark.parametrize("demagnifier", [FlowReference, FlowBlend])
def test_the_cycle_reproduces_the_clip(alpha, amplitude, demagnifier):
    def cycle(small, large):
        magnified = FlowWarp(smoothing=0.0, keep_head=False).magnify(small, alpha, 0)
        return demagnifier(keep_head=False).magnify(magnified, 1 / alpha, 0)

    error, quality = measured(alpha, amplitude, cycle)
    assert error < 0.047 and quality > 50


def test_the_default_cycle_reproduces_the_clip():
    error, quality = measured(
        4.0, 1.0, lambda small, large: FlowBlend().magnify(FlowWarp().magnify(small, 4.0, 0), 0.25, 0)
    )
    assert error < 0.047 and quality > 50


@pytest.mark.parametrize(
    ("demagnifier", "largest_error", "least_psnr"),
    [(FlowReference, 0.020, 55), (FlowBlend, 0.020, 55), (FlowFrame, 0.068, 43)],
)
def test_reduction_of_an_exact_magnification(demagnifier, largest_error, least_psnr):
    error, quality = measured(4.0, 1.0, lambda small, large: demagnifier(keep_head=False).magnify(large, 0.25, 0))
    assert error < largest_error and quality > least_psnr


def test_magnification_is_near_the_exact_one():
    """Far nearer than leaving the frame as it is."""
    micro = field(0, 1.0)
    where = np.hypot(micro[..., 0], micro[..., 1]) > 0.1
    small, large = clip(face(), warped(face(), micro)), clip(face(), warped(face(), 4 * micro))
    magnified = FlowWarp(keep_head=False).magnify(small, 4.0, 0)
    assert psnr(magnified[1], large[1], where) > psnr(small[1], large[1], where) + 10
    assert displacement_error(large[1], magnified[1], where) < 0.15
    assert displacement_error(large[1], small[1], where) > 0.8


def test_blend_scales_appearance_with_motion():
    """A furrow of 12 % at full strength is 3 % in the answer; only ``flow-blend`` gets near it."""
    micro = field(3, 1.0)
    y, x = np.mgrid[0:256, 0:256].astype(np.float32)
    furrow = np.exp(-(((x - 128) / 24) ** 2) - ((y - 120) / 4) ** 2)[..., None]
    where = np.hypot(micro[..., 0], micro[..., 1]) > 0.1
    large = warped(face() * (1 - 0.12 * furrow), 4 * micro)
    answer = clip(warped(face() * (1 - 0.03 * furrow), micro))[0]
    clips = clip(face(), large)
    quality = {
        demagnifier.name: psnr(demagnifier(keep_head=False).magnify(clips, 0.25, 0)[1], answer, where)
        for demagnifier in (FlowReference, FlowFrame, FlowBlend)
    }
    assert quality["flow-blend"] > quality["flow-reference"] + 3
    assert quality["flow-blend"] > quality["flow-frame"] + 3
