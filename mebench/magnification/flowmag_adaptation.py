"""FlowMag's test-time adaptation: a copy of the published network is fitted to the clip that it will magnify.

Z. Pan, D. Geng, A. Owens, "Self-Supervised Motion Magnification by Backpropagating Through Optical Flow", NeurIPS
2023, arXiv 2311.17056, section 4: the training loss, which needs no label, on pairs of the clip's own first frame and
another one. Test inputs are learned from: scores of adapted methods belong to a track of their own.
"""

from __future__ import annotations

import copy
import math
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from mebench.errors import ConfigError
from mebench.magnification.flowmag_loss import flowmag_loss, pwclite_flow
from mebench.magnification.flowmag_network import FlowMag, FlowMagConfig
from mebench.magnification.pair_colours import recoloured
from mebench.motion.flow_networks import PWCLITE, FlowNetwork, raft_network
from mebench.motion.pwclite_checkpoint import read_pwclite
from mebench.motion.warp import pixel_grid, warp
from mebench.weights.locate import find

RATE = 1e-4
BATCH = 8
"""Of Adam, and pairs a step: as published."""

LARGEST_CROP = 512
"""Side of the published crops. Clips that are smaller are cropped to their own size, not padded to it."""

RAFT_ITERATIONS = 5
"""Updates of the flow inside the loss: as published."""

_ROTATION_DEG = 5.0
_SCALE = 1.1
"""Augmentation of the published adaptation: rotation, and a scale of 1.1 to the power -1 to 1 along each axis."""

_MULTIPLE = 64
"""Sides that PWCLite takes; RAFT's multiples of 8 are among them."""


def loss_flow(name: str) -> FlowNetwork:
    """The frozen flow network of the loss: ``pwclite`` or ``raft``, as published, ``pwclite-lite``, which ships, or the
    path of a ``.safetensors`` file of PWCLite. Raises :class:`~mebench.errors.MissingWeights` where its weights are not
    on this machine."""
    path = loss_flow_file(name)
    if name == "raft":
        return raft_network(path, RAFT_ITERATIONS)[0]
    return pwclite_flow(read_pwclite(path).eval())


def loss_flow_file(name: str) -> Path:
    """The weights that :func:`loss_flow` reads; errors as there."""
    if name == "raft":
        return find("raft-large")
    if name not in PWCLITE and not Path(name).suffix:
        raise ConfigError(
            f"adapt_flow takes {', '.join(PWCLITE)}, raft or the path of a file of PWCLite, not '{name}'."
        )
    return find(PWCLITE[name]) if name in PWCLITE else Path(name)


def adapted(model: FlowMag, flow: FlowNetwork, reference: torch.Tensor, frames: torch.Tensor, steps: int) -> FlowMag:
    """A copy of ``model`` after ``steps`` steps on the clip; the same clip gives the same copy.

    reference: ``[3,H,W]``; frames: the clip's other frames ``[N,3,H,W]``, both float32 in [0,1]. The norms see the
    statistics of the batch and update their own, as published. Works inside ``torch.inference_mode`` too.
    """
    with torch.inference_mode(False), torch.enable_grad():
        reference, frames = reference.clone(), frames.clone()
        learner = copy.deepcopy(model).train().requires_grad_(True)
        optimizer = torch.optim.Adam(learner.parameters(), lr=RATE)
        rng = np.random.default_rng(0)
        for step in range(steps):
            chosen = [(step * BATCH + index) % len(frames) for index in range(BATCH)]
            pairs = torch.stack([augmented(torch.stack((reference, frames[n])), rng) for n in chosen])
            low, high = math.log2(FlowMagConfig.alpha_low), math.log2(FlowMagConfig.alpha_high)
            alpha = torch.from_numpy(2.0 ** rng.uniform(low, high, BATCH)).float()
            painted = learner(pairs.movedim(1, 2), alpha)[:, :, 0]
            loss = flowmag_loss(flow, pairs[:, 0], pairs[:, 1], painted, alpha).total
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    return learner.eval().requires_grad_(False)


def augmented(pair: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Both frames of ``[2,3,H,W]`` under one rotation, scale, crop and colour change: ``[2,3,S,S]`` in [0,1].

    S: the longer side, up to the next multiple of 64 and at most :data:`LARGEST_CROP`. Outside the frame it is black.
    """
    height, width = pair.shape[-2:]
    side = min(math.ceil(max(height, width) / _MULTIPLE) * _MULTIPLE, LARGEST_CROP)
    padded = functional.pad(pair, (0, max(side - width, 0), 0, max(side - height, 0)))
    angle = math.radians(rng.uniform(-_ROTATION_DEG, _ROTATION_DEG))
    linear = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = linear @ np.diag(_SCALE ** rng.uniform(-1.0, 1.0, size=2))
    rows, columns = padded.shape[-2:]
    grid = pixel_grid(rows, columns, padded)
    centre = torch.tensor([(columns - 1) / 2.0, (rows - 1) / 2.0])[:, None, None]
    turned = torch.einsum("ij,jhw->ihw", torch.from_numpy(linear).float(), grid - centre) + centre
    moved = warp(padded, (turned - grid).expand(2, -1, -1, -1), padding="zeros")
    top, left = (int(rng.integers(size - side + 1)) for size in (rows, columns))
    return recoloured(moved[..., top : top + side, left : left + side], rng)
