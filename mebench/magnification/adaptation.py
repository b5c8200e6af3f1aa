"""Test-time adaptation of the small magnifier: a copy of the network is fitted to the clip that it will magnify.

FlowMag adapts to a test clip through its own loss (Pan et al., NeurIPS 2023, section 4); this network predicts the motion
itself, so what can be asked of it without labels is that its motion explains the clip: each frame, brought back by it,
must look like the reference. No label is used, but test inputs are learned from: scores of adapted methods belong to a
track of their own.
"""

from __future__ import annotations

import copy

import torch

from mebench.magnification.flowmag_lite_network import LiteNetwork
from mebench.motion.warp import warp

RATE = 1e-4
"""Of Adam, as published for FlowMag's adaptation."""

BATCH = 4

ANCHOR = 0.01
"""Weight of the distance from the unadapted motion (1 px counts like 2.5 grey levels): the appearance says nothing about
motion on smooth skin, and noise must not be explained by motion."""

_SOFT = 2.0 / 255.0
"""Differences below two grey levels, the sensor's noise, count by their square."""


def adapted(
    network: LiteNetwork, inputs: torch.Tensor, reference: torch.Tensor, frames: torch.Tensor, steps: int
) -> LiteNetwork:
    """A copy of ``network`` after ``steps`` steps on the clip; the same clip gives the same copy.

    inputs: planes of N frames ``[N,13,H,W]``. reference: ``[1,3,H,W]``. frames: ``[N,3,H,W]``, the same frames.
    Works inside ``torch.inference_mode`` too.
    """
    with torch.inference_mode(False), torch.enable_grad():
        inputs, reference, frames = (tensor.clone() for tensor in (inputs, reference, frames))
        learner = copy.deepcopy(network).train().requires_grad_(True)
        with torch.no_grad():
            before = torch.cat([learner(part).expression for part in torch.split(inputs, BATCH)])
        optimizer = torch.optim.Adam(learner.parameters(), lr=RATE)
        order = torch.Generator().manual_seed(0)
        for _ in range(steps):
            chosen = torch.randperm(len(inputs), generator=order)[:BATCH]
            found = learner(inputs[chosen])
            seen = warp(frames[chosen], found.expression + found.head)
            difference = seen - reference - found.shade
            photometric = (torch.sqrt(difference.square() + _SOFT**2) - _SOFT).mean()
            anchor = (found.expression - before[chosen]).abs().mean()
            optimizer.zero_grad()
            torch.autograd.backward(photometric + ANCHOR * anchor)
            optimizer.step()
    return learner.eval().requires_grad_(False)
