"""The flow network that ships, on a photograph, which it never saw: motion of a pixel, moved exactly."""

from __future__ import annotations

import numpy as np
import pytest
from bumps import clip, face, field, image, warped

from mebench.magnification.flowmag_adaptation import loss_flow
from mebench.motion.flow_networks import load_flow


@pytest.mark.parametrize("seed", range(3))
def test_it_measures_motion_on_a_photograph(seed):
    motion = field(seed, 1.5)
    found = load_flow("pwclite-lite")(image(clip(face())[0]), image(clip(warped(face(), motion))[0]))
    where = np.hypot(*motion.T).T > 0.3
    error = np.hypot(*(found - motion)[where].T).mean()
    assert error < 0.6 * np.hypot(*motion[where].T).mean()


def test_it_judges_adaptation_with_gradients_to_the_picture():
    frames = clip(face(), warped(face(), field(0, 1.0)))
    second = frames[1:].clone().requires_grad_(True)
    flow = loss_flow("pwclite-lite")(frames[:1], second)
    flow.abs().mean().backward()
    assert flow.shape == (1, 2, 256, 256) and second.grad is not None and float(second.grad.abs().max()) > 0
